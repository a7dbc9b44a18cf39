"""Determine the kind of an uploaded file, by its first bytes, and by its name for text."""

import codecs
from typing import Final

from dashboard.files.errors import OtherFormat

HEAD: Final = 512

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_PACKED: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_TAR: Final = b"ustar"
# The magic number of a TAR is behind the fields of its first header.
_TAR_AT: Final = 257
_TABLES: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_ADDRESSES: Final = (b"http://", b"https://")
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNPACK: Final = "Unpack it, and upload the files or a ZIP of them."
_SAVE_AS_CSV: Final = "This is an Office file, not a table that can be read. Save it as CSV."
# Kinds that people upload and that are not supported, by first bytes: a sentence for each.
_OTHERS: Final = (
    (b"7z\xbc\xaf\x27\x1c", f"7z archives are not supported. {_UNPACK}"),
    (b"Rar!\x1a\x07", f"RAR archives are not supported. {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"Zstandard archives are not supported. {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"LZ4 archives are not supported. {_UNPACK}"),
    (b"\x1f\x9d", f"Archives of compress are not supported. {_UNPACK}"),
    (b"LZIP", f"lzip archives are not supported. {_UNPACK}"),
    (b"MSCF", f"CAB archives are not supported. {_UNPACK}"),
    (b"xar!", f"XAR archives are not supported. {_UNPACK}"),
    (b"PK\x07\x08", "This is a part of a split ZIP. Pack the files into one ZIP and upload that."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _SAVE_AS_CSV),
    (b"%PDF-", "This is a PDF. Export its pages as images and upload those."),
)
_OFFICE: Final = (".xlsx", ".xlsm", ".xlsb", ".ods", ".numbers", ".docx", ".odt", ".pptx", ".odp")


def is_zip(head: bytes) -> bool:
    """Return whether a file with this beginning is a ZIP."""
    return head.startswith(_ZIP)


def is_tar(head: bytes) -> bool:
    """Return whether a file with this beginning is a TAR, compressed or not."""
    return head.startswith(_PACKED) or head[_TAR_AT:].startswith(_TAR)


def is_table(name: str) -> bool:
    """Return whether a file with this name may be a manifest."""
    return name.lower().endswith(_TABLES)


def kind_of(name: str, head: bytes) -> str:
    """Return `picture`, `archive`, `manifest` or `addresses`; `head` is the first `HEAD` bytes.

    Anything else counts as an image, which decoding confirms or refuses.
    """
    if is_zip(head) or is_tar(head):
        return "archive"
    if is_table(name):
        return "manifest"
    is_list = head.lstrip(b"".join(_MARKS) + b" \t\r\n").lower().startswith(_ADDRESSES)
    return "addresses" if is_list else "picture"


def refuse_others(name: str, data: bytes) -> None:
    """Raise OtherFormat for a file of a known kind that is not an image."""
    for begin, sentence in _OTHERS:
        if data.startswith(begin):
            raise OtherFormat(sentence)
    if is_zip(data):
        if name.lower().endswith(_OFFICE):
            raise OtherFormat(_SAVE_AS_CSV)
        raise OtherFormat(
            "This is an archive inside an archive. Unpack it, or upload it separately."
        )


def refuse_office(names: list[str], mime_type: bytes) -> None:
    """Raise OtherFormat if the top-level names of a ZIP are those of an Office file.

    `mime_type` is the content of OpenDocument's first member.
    """
    is_apple = any(name.endswith(".iwa") for name in names)
    if "[Content_Types].xml" in names or b"opendocument" in mime_type or is_apple:
        raise OtherFormat(_SAVE_AS_CSV)
