"""Parse the segments of a JPEG: to remove metadata, and to detect files that decode slowly."""

from collections.abc import Iterator
from typing import Final, NamedTuple

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_JFIF, _ADOBE = 0xE0, 0xEE
# Baseline, extended and progressive Huffman: what every browser shows.
_COMMON_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
_LOSSLESS_FRAMES: Final = frozenset({0xC3})
# C4, C8 and CC are in the range of the frames, but are Huffman tables, reserved, and the
# conditioning of arithmetic coding.
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_COEFFICIENT: Final = 2  # bytes
_TABLES: Final = frozenset({0xC4, 0xDB, 0xDC, 0xDD})
_PLAIN_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
END_MARK: Final = bytes((0xFF, _END))
# Of the zeros that some programs pad a file with, this many may belong to the image; a few more all
# belong to it, as those of a page that is white at its foot.
_OWN_ZEROS: Final = 16
_FEW_ZEROS: Final = 512
# In a scan 0xFF is followed by 0 (a stuffed byte), a restart marker, or the marker that ends it.
_INSIDE_SCAN: Final = frozenset({0x00, *range(0xD0, 0xD8)})

# Encoders write about ten. A small file of thousands of empty scans would take minutes to decode.
MOST_SCANS: Final = 100


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int  # of the header; the coded data of a scan follows it up to the next segment


def strip(data: bytes) -> bytes | None:
    """Return the same image without EXIF, profile, comments, previews and trailing bytes.

    Pixels are unchanged, to the bit. None: the file is of a rare or odd kind and must be encoded
    again.
    """
    parts: list[bytes] = [data[:2]]
    segments = [*_segments(data)]
    if not segments or segments[-1].marker != _END:
        return None
    for segment, after in zip(segments, [*segments[1:], None], strict=True):
        kept = _kept(data, segment, after.start if after else segment.end)
        if kept is None:
            return None
        parts.append(kept)
    return b"".join(parts)


def lacks_end(data: bytes) -> bool:
    """Return whether the image has no end mark."""
    if data[:2] != bytes((0xFF, _START)) or data.endswith(END_MARK):
        return False
    # Within coded data these two bytes are always an end mark, and phones append more data behind
    # it.
    scan = next((segment for segment in _segments(data) if segment.marker == _SCAN), None)
    return data.find(END_MARK, scan.end if scan else 0) < 0


def ended(data: bytes) -> bytes:
    """Return an image that lacks its end mark with one, right behind its last byte."""
    bare = len(data.rstrip(b"\0"))
    return data[: bare + _OWN_ZEROS if len(data) - bare > _FEW_ZEROS else None] + END_MARK


def has_all_scans(data: bytes) -> bool:
    """Return whether each bit of each coefficient has a scan; its data may be incomplete."""
    left: dict[int, dict[int, int]] = {}
    components = 0
    for segment in _segments(data):
        if segment.marker in _FRAMES:
            components = data[segment.start + 9] if segment.end > segment.start + 9 else 0
        if segment.marker == _SCAN:
            head = data[segment.start : segment.end]
            first, last, low = head[-3], min(head[-2], 63), head[-1] & 15
            for component in head[5 : 5 + 2 * head[4] : 2]:
                left.setdefault(component, {}).update(dict.fromkeys(range(first, last + 1), low))
    is_full = 0 < components == len(left)
    return is_full and all(len(bits) == 64 and not any(bits.values()) for bits in left.values())


def has_too_many_scans(data: bytes) -> bool:
    """Return whether decoding would take far longer than the size suggests."""
    # Counting bytes is fast and never too low, so only suspicious files are parsed.
    if is_one_scan(data) or data.count(b"\xff\xda") <= MOST_SCANS:
        return False
    return sum(segment.marker == _SCAN for segment in _segments(data)) > MOST_SCANS


def coefficients(data: bytes) -> int:
    """Return the bytes of the coefficients that the decoder holds of the whole image at once.

    0 for the common kind, which it decodes row by row; scaling saves nothing for the others.
    """
    if is_one_scan(data):
        return 0
    frame = next((one for one in _segments(data) if one.marker in _FRAMES), None)
    head = data[frame.start : frame.end] if frame else b""
    if len(head) < 10:
        return 0
    height, width, count = (
        *(int.from_bytes(head[5:7], "big"), int.from_bytes(head[7:9], "big")),
        head[9],
    )
    factors = [(byte >> 4, byte & 15) for byte in head[11 : 11 + 3 * count : 3]]
    across, down = (max((pair[way] for pair in factors), default=1) or 1 for way in (0, 1))
    # Whole blocks of 8 × 8 in whole units of all components.
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    blocks = sum(units * one[0] * one[1] for one in factors)
    return blocks * 64 * _COEFFICIENT


def frame_size(data: bytes, *, is_lossless: bool = False) -> tuple[int, int]:
    """Return width and height of an image that browsers show; 0, 0 for other kinds.

    With `is_lossless`, those of the kind that cameras use for raw data, whose components are side
    by side.
    """
    frame = next((one for one in _segments(data) if one.marker in _FRAMES), None)
    wanted = _LOSSLESS_FRAMES if is_lossless else _COMMON_FRAMES
    if frame is None or frame.marker not in wanted or frame.end - frame.start < 10:
        return 0, 0
    head = data[frame.start : frame.end]
    width = int.from_bytes(head[7:9], "big")
    is_split = is_lossless and head[9] in (2, 4)
    return width * head[9] if is_split else width, int.from_bytes(head[5:7], "big")


def is_one_scan(data: bytes) -> bool:
    """Return whether it is of the common kind: not progressive, one scan for all components."""
    components = 0
    for segment in _segments(data):
        if segment.marker in (0xC0, 0xC1):
            components = data[segment.start + 9] if segment.end > segment.start + 9 else 0
        elif segment.marker == _SCAN:
            return 0 < components == data[segment.start + 4]
    return False


def _kept(data: bytes, segment: _Segment, until: int) -> bytes | None:
    marker = segment.marker
    if marker in _COMMON_FRAMES or marker in _TABLES or marker == _END:
        return data[segment.start : segment.end]
    if marker == _SCAN:
        return data[segment.start : until]
    if marker == _JFIF and data[segment.start + 4 : segment.start + 9] == b"JFIF\x00":
        # Without the preview that may be in it, and with a resolution that says nothing.
        return _PLAIN_JFIF
    if marker == _ADOBE:  # says how the colours are coded
        return data[segment.start : segment.end]
    return b"" if 0xE0 <= marker <= 0xEF or marker == 0xFE else None


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield the segments behind the first marker up to the end marker or the first invalid one."""
    position = 2 if data[:2] == bytes((0xFF, _START)) else len(data)
    while position + 4 <= len(data) or data[position : position + 2] == bytes((0xFF, _END)):
        if data[position] != 0xFF:
            return
        marker = data[position + 1]
        if marker == 0xFF:  # fill bytes, in any number
            position += 1
            continue
        if marker == _END:
            yield _Segment(marker, position, position + 2)
            return
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if end < position + 4 or end > len(data):
            return
        yield _Segment(marker, position, end)
        position = _after_scan(data, end) if marker == _SCAN else end


def _after_scan(data: bytes, start: int) -> int:
    """Return the position of the marker that ends the coded data."""
    position = data.find(b"\xff", start)
    while 0 <= position < len(data) - 1:
        follower = data[position + 1]
        if follower not in _INSIDE_SCAN and follower != 0xFF:
            return position
        # By `find`, which skips through megabytes of coded data in C.
        position = data.find(b"\xff", position + (1 if follower == 0xFF else 2))
    return len(data)
