"""Colour profiles that the tests build for themselves, of as few tags as ICC allows."""

import struct
from typing import Final

import numpy as np

D65: Final = (0.3127, 0.3290)
D50: Final = (0.3457, 0.3585)
SRGB: Final = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3: Final = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE: Final = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
PROPHOTO: Final = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_PCS_WHITE: Final = np.array([0.9642, 1.0, 0.8249])

Point = tuple[float, float]


def of_screen(
    primaries: tuple[Point, Point, Point] = P3, gamma: float = 2.2, white: Point = D65
) -> bytes:
    """Return a profile of three primaries and one gamma."""
    columns = np.array([_xyz(point) for point in primaries]).T
    columns = columns * np.linalg.solve(columns, _xyz(white))
    there, here = _BRADFORD @ _xyz(white), _BRADFORD @ _PCS_WHITE
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(here / there) @ _BRADFORD @ columns
    tags = {b"wtpt": _place(_PCS_WHITE)}
    for index, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
        tags[name] = _place(adapted[:, index])
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    return packed(b"RGB ", b"XYZ ", tags)


def of_grey(gamma: float) -> bytes:
    """Return a profile of greys alone."""
    return packed(b"GRAY", b"XYZ ", {b"wtpt": _place(_PCS_WHITE), b"kTRC": _curve(gamma)})


def of_printer(paper: float = 100.0, ink: float = 0.0) -> bytes:
    """Return a profile whose cyan ink is black and whose other inks leave no trace."""
    grid = np.zeros((2, 2, 2, 2, 3), np.uint16)
    grid[..., 1:] = 0x8000
    grid[0, ..., 0], grid[1, ..., 0] = int(paper * 652.8), int(ink * 652.8)  # L* of Lab, 16 bits
    body = struct.pack(">4sLBBBB", b"mft2", 0, 4, 3, 2, 0)
    body += struct.pack(">9l", *(int(one * 65536) for one in np.eye(3).flat))
    line = struct.pack(">2H", 0, 65535)
    body += struct.pack(">2H", 2, 2) + line * 4 + grid.astype(">u2").tobytes() + line * 3
    return packed(b"CMYK", b"Lab ", {b"A2B0": body, b"wtpt": _place(_PCS_WHITE)}, kind=b"prtr")


def packed(space: bytes, adapted: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """Put a profile together."""
    place = 128 + 4 + 12 * len(tags)
    table, bodies = struct.pack(">L", len(tags)), b""
    for name, body in tags.items():
        whole = body + bytes(-len(body) % 4)
        table += struct.pack(">4sLL", name, place + len(bodies), len(body))
        bodies += whole
    head = struct.pack(">L4sL4s4s4s", place + len(bodies), b"", 0x02400000, kind, space, adapted)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3l", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + bodies


def _xyz(point: Point) -> np.ndarray:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _place(values: np.ndarray) -> bytes:
    numbers = (round(float(one) * 65536) for one in values)
    return struct.pack(">4sL3l", b"XYZ ", 0, *numbers)


def _curve(gamma: float) -> bytes:
    return struct.pack(">4sLLH", b"curv", 0, 1, round(gamma * 256))
