"""What systems put beside people's files: skipped without a word, by server and browser alike.

The browser gets the pattern with the page, so that there is one list.
"""

import re
from typing import Final

_NAMES: Final = (
    *("__MACOSX", "Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "Picasa.ini"),
    *("@eaDir", "@tmp", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot"),
    *("$RECYCLE.BIN", "System Volume Information", "FOUND.000", "lost+found", "Icon\r"),
)
# Edits and marks that programs keep beside an image.
_SIDECARS: Final = ("aae", "xmp", "pp3", "dop")

# Written in what Python and JavaScript have in common, and meant in any case of letters. A part of
# a path that begins with a dot is hidden; what leads upwards is not, but an attack, and is shown.
PATTERN: Final = (
    r"(?:^|/)(?:\.(?!\.)[^/]*|~\$[^/]*|"
    + "|".join(re.escape(name).replace("\r", "r") for name in _NAMES)
    + r")(?:/|$)|\.(?:"
    + "|".join(_SIDECARS)
    + r")$"
)
_JUNK: Final = re.compile(PATTERN, re.IGNORECASE)


def is_junk(path: str) -> bool:
    """Tell whether a system put the file there, not a person."""
    return _JUNK.search(path) is not None
