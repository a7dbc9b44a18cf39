"""Read the files that a browser registers before it sends them, as JSON: a thousand at once."""

import re
from typing import Any

import orjson

from dashboard.files.tables.json_values import text_has_more_values
from dashboard.models import UploadPart
from dashboard.services.uploads.receiving_names import NewPart

MOST_AT_ONCE = 1000
_MOST_VALUES = 10 * MOST_AT_ONCE
_LARGEST = 2**63 - 1
_KEY = re.compile("[0-9a-f]{32}")


class BadList(Exception):
    """The body is not a valid list of files; `str(error)` says why."""


def read_files(body: bytes) -> list[NewPart]:
    """Parse `{"files": [{"name", "size", "sha256"?, "kind"?, "key"?}]}`. Raises `BadList`."""
    # Counted before it is parsed, which takes many times the memory of the text.
    if text_has_more_values(body, _MOST_VALUES):
        raise BadList(f"Name from 1 to {MOST_AT_ONCE:,} files at once, as a list under “files”.")
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadList(f"The body is not valid JSON: {error}.") from error
    files = read.get("files") if isinstance(read, dict) else None
    if not isinstance(files, list) or not 0 < len(files) <= MOST_AT_ONCE:
        raise BadList(f"Name from 1 to {MOST_AT_ONCE:,} files at once, as a list under “files”.")
    return [_file(entry) for entry in files]


def _file(entry: Any) -> NewPart:
    if not isinstance(entry, dict):
        raise BadList("Each file is an object with name and size.")
    name, size = entry.get("name"), entry.get("size")
    sha256, kind = entry.get("sha256") or "", entry.get("kind") or None
    key = entry.get("key") or ""
    if not isinstance(name, str) or not name:
        raise BadList("Each file has a name.")
    # `type`, as `True` is an integer in Python; the limit is the column's.
    if type(size) is not int or not 0 <= size <= _LARGEST:
        raise BadList(f"“{name[:80]}” has no size in bytes.")
    if not isinstance(sha256, str) or kind not in (None, *UploadPart.Kind.values):
        raise BadList(f"“{name[:80]}” has a hash or a kind that is not valid.")
    if not isinstance(key, str) or (key and not _KEY.fullmatch(key)):
        raise BadList(f"“{name[:80]}” has a key that is not 32 hex characters.")
    return NewPart(name, size, sha256, kind, key=key)
