"""Recognise camera raw files that are not TIFF by their first bytes: they are not supported."""

from typing import Final

_HEADS: Final = (
    *(b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM"),
    b"II\x1a\0\0\0HEAPCCDR",
)
_CR3: Final = b"ftypcrx "


def is_raw(data: bytes) -> bool:
    """Return whether it is a raw file of Panasonic, Olympus, Fujifilm, Sigma, Minolta or Canon."""
    return data.startswith(_HEADS) or data[4:12] == _CR3
