"""What a file that was sent is, told by its first bytes, and by its name where these are text."""

import codecs
from typing import Final

HEAD: Final = 512

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_PACKED: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_TAR: Final = b"ustar"
_TAR_AT: Final = 257
_TABLES: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_ADDRESSES: Final = (b"http://", b"https://")
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_zip(head: bytes) -> bool:
    """Tell whether a file that begins so is a ZIP."""
    return head.startswith(_ZIP)


def is_tar(head: bytes) -> bool:
    """Tell whether a file that begins so is a TAR, packed or not."""
    return head.startswith(_PACKED) or head[_TAR_AT:].startswith(_TAR)


def is_table(name: str) -> bool:
    """Tell whether a file of that name may be a manifest."""
    return name.lower().endswith(_TABLES)


def kind_of(name: str, head: bytes) -> str:
    """Return `picture`, `archive`, `manifest` or `addresses`; `head` is the first `HEAD` bytes.

    What is nothing else counts as a picture: decoding it tells.
    """
    if is_zip(head) or is_tar(head):
        return "archive"
    if is_table(name):
        return "manifest"
    is_list = head.lstrip(b"".join(_MARKS) + b" \t\r\n").lower().startswith(_ADDRESSES)
    return "addresses" if is_list else "picture"
