"""Build the colour profile that an image without one describes by numbers: primaries and a gamma.

PNG has chunks for them, HEIC the codes of video. A profile is built from them, so that there is one
way to apply it.
"""

import math
import struct
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

_D65: Final = (0.3127, 0.3290)
# The primaries of ITU-R BT.709: x and y of red, green and blue.
_SRGB: Final = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# ICC needs colours as they appear under D50; Bradford's method is the usual one.
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50: Final = np.array([0.9642, 1.0, 0.8249])
# Programs write 1/2.2 where they mean sRGB.
_USUAL: Final = (2.1, 2.3)
_SENSIBLE: Final = (0.5, 5.0)
_SRGB_CURVE: Final = struct.pack(
    ">4sLHH5l", b"para", 0, 3, 0, *(round(one * 65536) for one in (2.4, 1 / 1.055, 0.055 / 1.055)),
    *(round(one * 65536) for one in (1 / 12.92, 0.04045)),
)  # fmt: skip
# Codes of transfer characteristics; those of high dynamic range are not supported.
_AS_SRGB: Final = (1, 6, 13, 14, 15)
_GAMMAS: Final = {4: 2.2, 5: 2.8, 8: 1.0}
_NAMES: Final = ("red", "green", "blue")


def profile(file: Image.Image) -> bytes | None:
    """Return the profile that the header describes; None if it means sRGB, or is not described."""
    info = file.info
    if file.format == "PNG" and "srgb" not in info:
        return _of_png(info.get("chromaticity"), info.get("gamma"))
    video = info.get("nclx_profile")
    if file.format == "HEIF" and isinstance(video, dict):
        return _of_video(video)
    return None


def _of_png(points: object, gamma: object) -> bytes | None:
    if points is None and gamma is None:
        return None
    exponent = 1 / gamma if isinstance(gamma, float) and gamma > 0 else None
    if not isinstance(points, tuple) or len(points) != 8:
        return _built(_SRGB, _D65, exponent)
    white, primaries = tuple(points[:2]), tuple(points[2:])
    return _built(primaries, white, exponent)


def _of_video(video: dict[str, float]) -> bytes | None:
    transfer = int(video["transfer_characteristics"])
    if transfer not in _AS_SRGB and transfer not in _GAMMAS:
        return None
    axes = [f"color_primary_{name}_{axis}" for name in (*_NAMES, "white") for axis in "xy"]
    points = tuple(round(float(video.get(axis, 0)), 5) for axis in axes)
    return _built(points[:6], points[6:], _GAMMAS.get(transfer))


@lru_cache(maxsize=64)
def _built(
    primaries: tuple[float, ...], white: tuple[float, ...], gamma: float | None
) -> bytes | None:
    """Return the bytes of a profile; without a gamma the curve is that of sRGB."""
    if gamma is None or _USUAL[0] < gamma < _USUAL[1]:
        curve = _SRGB_CURVE
    elif _SENSIBLE[0] <= gamma <= _SENSIBLE[1]:
        curve = struct.pack(">4sLLH", b"curv", 0, 1, round(gamma * 256))
    else:
        return None
    try:
        columns = _columns(primaries, white)
    except (ArithmeticError, np.linalg.LinAlgError):
        return None
    if not np.isfinite(columns).all() or np.abs(columns).max() > 4:
        return None
    tags = {b"wtpt": _place(_D50), **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)}
    for index, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
        tags[name] = _place(columns[:, index])
    return _packed(tags)


def _columns(primaries: tuple[float, ...], white: tuple[float, ...]) -> np.ndarray:
    light = _xyz(*white)
    raw = np.array([_xyz(*primaries[at : at + 2]) for at in (0, 2, 4)]).T
    scaled = raw * np.linalg.solve(raw, light)
    adapted = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ light))
    columns: np.ndarray = np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD @ scaled
    return columns


def _xyz(x: float, y: float) -> np.ndarray:
    if not math.isfinite(x + y) or y <= 0:
        raise ArithmeticError
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _place(values: np.ndarray) -> bytes:
    return struct.pack(">4sL3l", b"XYZ ", 0, *(round(float(one) * 65536) for one in values))


def _packed(tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, bodies = struct.pack(">L", len(tags)), b""
    for name, body in tags.items():
        table += struct.pack(">4sLL", name, start + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    size = start + len(bodies)
    head = struct.pack(">L4sL4s4s4s", size, b"", 0x04200000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3l", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + bodies
