"""Recognise the files that systems add: skipped without a message, by server and browser.

The browser gets the pattern with the page, so that there is one list.
"""

import re
from typing import Final

_NAMES: Final = (
    *("__MACOSX", "Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "Picasa.ini"),
    *("@eaDir", "@tmp", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot"),
    *("$RECYCLE.BIN", "System Volume Information", "FOUND.000", "lost+found", "Icon\r"),
)
# Edits and ratings that programs store beside an image.
_SIDECARS: Final = ("aae", "xmp", "pp3", "dop")

# Written in the common syntax of Python and JavaScript, and matched in any case. A part of a path
# that begins with a dot is hidden; one that leads upwards is an attack, and is shown.
PATTERN: Final = (
    r"(?:^|/)(?:\.(?!\.)[^/]*|~\$[^/]*|"
    + "|".join(re.escape(name).replace("\r", "r") for name in _NAMES)
    + r")(?:/|$)|\.(?:"
    + "|".join(_SIDECARS)
    + r")$"
)
_JUNK: Final = re.compile(PATTERN, re.IGNORECASE)


def is_junk(path: str) -> bool:
    """Return whether a system added the file, not a person."""
    return _JUNK.search(path) is not None
