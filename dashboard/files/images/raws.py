"""Raw files of cameras that are no TIFF, by their first bytes: nothing here can read them."""

from typing import Final

_HEADS: Final = (
    *(b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM"),
    b"II\x1a\0\0\0HEAPCCDR",
)
_CR3: Final = b"ftypcrx "


def is_raw(data: bytes) -> bool:
    """Tell a raw file of Panasonic, Olympus, Fujifilm, Sigma, Minolta or Canon (CRW and CR3)."""
    return data.startswith(_HEADS) or data[4:12] == _CR3
