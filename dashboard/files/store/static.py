"""Serve static files under names that change with their content, including imported scripts."""

from typing import Final

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django's own switch reads every script of every package, and some name missing files.
_IMPORT: Final = (
    r"""(?P<matched>from\s*"(?P<url>\.{1,2}/[^"]+)"\s*;)""",
    'from "%(url)s";',
)


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it has no types
    """Writes the new names into the imports of our modules as well as into style sheets."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", (_IMPORT,)),
        ("vendor/noble-hashes/*.js", (_IMPORT,)),
    )
