"""Remove chunks from a PNG that the image does not need, before Pillow reads it.

Pillow refuses a file for a comment that is long or has a wrong checksum, and would store its text.
Comments are dropped anyway, and so are the frames of an animation: the image is the one that every
viewer shows.
"""

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from dashboard.files.images.colours import MOST_BYTES

_MARK: Final = b"\x89PNG\r\n\x1a\n"
_CRITICAL: Final = 0x20  # this bit of the first letter is 0
# Chunks that affect the appearance: transparency, orientation, colours.
_KEPT: Final = frozenset({b"tRNS", b"eXIf", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
_LENGTHS: Final = {b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_COMMENTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_TURNING: Final = (b"raw profile type exif\0", b"xml:com.adobe.xmp\0")
_MOST_COMMENT: Final = 1 << 16
_MOST_UNPACKED: Final = 1 << 20


class _Chunk(NamedTuple):
    name: bytes
    start: int
    body: int
    end: int


def bare(data: bytes) -> bytes:
    """Return the file with only those chunks that the image needs; itself if it has no others."""
    if not data.startswith(_MARK):
        return data
    chunks = [*_chunks(data)]
    kept = [chunk for chunk in chunks if _is_kept(data, chunk)]
    if len(kept) == len(chunks):
        return data
    rest = data[chunks[-1].end :]
    return b"".join((_MARK, *(data[chunk.start : chunk.end] for chunk in kept), rest))


def lacks_end(data: bytes) -> bool:
    """Return whether a PNG stops before its last chunk."""
    return data.startswith(_MARK) and all(chunk.name != b"IEND" for chunk in _chunks(data))


def depth(data: bytes) -> int:
    """Return the bits of a sample."""
    return data[24] if len(data) > 24 else 8


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield the complete chunks, up to the last one."""
    position, name = len(_MARK), b""
    while position + 12 <= len(data) and name != b"IEND":
        size = int.from_bytes(data[position : position + 4], "big")
        name, end = data[position + 4 : position + 8], position + 12 + size
        if end > len(data):
            return
        yield _Chunk(name, position, position + 8, end)
        position = end


def _is_kept(data: bytes, chunk: _Chunk) -> bool:
    if not chunk.name[0] & _CRITICAL:
        return True
    if chunk.name not in _KEPT and not _turns(data, chunk):
        return False
    body = data[chunk.body : chunk.end - 4]
    if _LENGTHS.get(chunk.name, len(body)) != len(body):
        return False
    # Optional chunks with a wrong checksum are dropped; for a critical one Pillow refuses the file.
    if zlib.crc32(body, zlib.crc32(chunk.name)) != int.from_bytes(data[chunk.end - 4 : chunk.end]):
        return False
    return _can_be_unpacked(chunk.name, body)


def _can_be_unpacked(name: bytes, body: bytes) -> bool:
    """Return whether the compressed data of a chunk is complete and within its limit."""
    rest = body.partition(b"\0")[2]
    if name == b"iCCP":
        return _unpacks(rest[1:], MOST_BYTES)
    if name == b"zTXt":
        return _unpacks(rest[1:], _MOST_UNPACKED)
    if name == b"iTXt" and rest[:1] == b"\1":
        return _unpacks(rest[2:].partition(b"\0")[2].partition(b"\0")[2], _MOST_UNPACKED)
    return True


def _turns(data: bytes, chunk: _Chunk) -> bool:
    """Return whether a comment may have the orientation of the image."""
    size = chunk.end - chunk.body
    head = data[chunk.body : chunk.body + 32].lower()
    return chunk.name in _COMMENTS and size <= _MOST_COMMENT and head.startswith(_TURNING)


def _unpacks(packed: bytes, most: int) -> bool:
    packer = zlib.decompressobj()
    try:
        # Bounded: data that does not end within `most` counts as broken, and a bomb is never
        # unpacked.
        packer.decompress(packed, most)
    except zlib.error:
        return False
    return packer.eof
