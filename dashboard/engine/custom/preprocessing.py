"""Turn an image into a graph's input, as described by JSON.

It accepts our own keys, those of a `preprocessor_config.json` (transformers) and those of a
`config.json` with `pretrained_cfg` (timm), which people have beside their exported file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard.engine.custom.graph import Input
from dashboard.engine.errors import UnfitEncoder
from dashboard.engine.preprocess import letterbox, upright

Fit = Literal["letterbox", "crop", "stretch"]
Json = Mapping[str, Any]

SMALLEST, LARGEST, USUAL = 16, 2048, 224
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# ImageNet's, which most encoders were trained with.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """Sizes in pixels; `mean` and `std` are of values from 0 to 1, in the order red, green, blue.

    `resize` is the shorter side before a crop. `letterbox` needs a square.
    """

    height: int = USUAL
    width: int = USUAL
    fit: Fit = "crop"
    resize: int = 256
    resampling: str = "bicubic"
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD

    def __post_init__(self) -> None:
        """Refuse sizes that no image can have. Raises `UnfitEncoder`."""
        for side in (self.height, self.width):
            if not SMALLEST <= side <= LARGEST:
                raise UnfitEncoder(f"A side of {side} pixels is not from {SMALLEST} to {LARGEST}.")
        if self.fit not in ("letterbox", "crop", "stretch"):
            raise UnfitEncoder(f"“{self.fit}” is not letterbox, crop or stretch.")
        if self.fit == "letterbox" and self.height != self.width:
            raise UnfitEncoder("A letterbox needs a square input.")
        if self.resampling not in _RESAMPLING:
            raise UnfitEncoder(f"“{self.resampling}” is not one of {', '.join(_RESAMPLING)}.")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(part > 0 for part in self.std):
            raise UnfitEncoder("mean and std are three numbers each, those of std above zero.")

    @property
    def side(self) -> int:
        """The longest side that an image needs before it is fitted."""
        return max(self.height, self.width, self.resize if self.fit == "crop" else 0)

    def pixels(self, picture: Image.Image) -> NDArray[np.uint8]:
        """Fit any image: (height, width, 3) uint8."""
        if self.fit == "letterbox":
            return letterbox(picture, self.height)
        whole = upright(picture)
        way = _RESAMPLING[self.resampling]
        if self.fit == "stretch":
            return np.asarray(whole.resize((self.width, self.height), way, reducing_gap=3.0))
        return np.asarray(_cropped(whole, self, way))

    def values(self, pixels: NDArray[np.uint8], to: Input) -> NDArray[Any]:
        """Convert fitted pixels to the type and the layout of the graph's input."""
        found: NDArray[Any] = pixels
        if to.dtype is not np.uint8:
            mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
            found = ((pixels.astype(np.float32) / 255 - mean) / std).astype(to.dtype)
        if to.layout == "NCHW":
            found = np.ascontiguousarray(found.transpose(2, 0, 1))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON with our own keys."""
        return {
            "height": self.height,
            "width": self.width,
            "fit": self.fit,
            "resize": self.resize,
            "resampling": self.resampling,
            "mean": list(self.mean),
            "std": list(self.std),
        }


def _cropped(picture: Image.Image, how: Preprocessing, way: Image.Resampling) -> Image.Image:
    """Scale the shorter side to `resize`, then crop the middle."""
    scale = max(how.resize / min(picture.size), how.width / picture.width)
    scale = max(scale, how.height / picture.height)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    width, height = max(width, how.width), max(height, how.height)
    scaled = picture.resize((width, height), way, reducing_gap=3.0)
    left, top = (width - how.width) // 2, (height - how.height) // 2
    return scaled.crop((left, top, left + how.width, top + how.height))


def read_preprocessing(stated: Json, to: Input) -> Preprocessing:
    """Parse the JSON beside a graph; missing values have the usual defaults.

    Raises `UnfitEncoder` if it is invalid, or contradicts the graph's own sizes.
    """
    try:
        found = _timm(stated) or _transformers(stated) or _ours(stated, to)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise UnfitEncoder(f"The preprocessing is not valid: {error}.") from error
    for name, fixed, said in (
        ("height", to.height, found.height),
        ("width", to.width, found.width),
    ):
        if fixed is not None and fixed != said:
            raise UnfitEncoder(
                f"The preprocessing makes a {name} of {said} pixels, but the graph takes {fixed}."
            )
    return found


def _ours(stated: Json, to: Input) -> Preprocessing:
    height = int(stated.get("height") or to.height or USUAL)
    width = int(stated.get("width") or to.width or USUAL)
    return Preprocessing(
        height=height,
        width=width,
        fit=stated.get("fit", "crop"),
        resize=int(stated.get("resize") or round(max(height, width) * 8 / 7)),
        resampling=str(stated.get("resampling", "bicubic")),
        mean=_three(stated.get("mean", _MEAN)),
        std=_three(stated.get("std", _STD)),
    )


def _timm(stated: Json) -> Preprocessing | None:
    stated = stated.get("pretrained_cfg", stated)
    if "input_size" not in stated:
        return None
    _, height, width = (int(side) for side in stated["input_size"])
    return Preprocessing(
        height=height,
        width=width,
        fit="stretch" if stated.get("crop_mode") == "squash" else "crop",
        resize=round(max(height, width) / float(stated.get("crop_pct") or 0.875)),
        resampling=str(stated.get("interpolation", "bicubic")),
        mean=_three(stated.get("mean", _MEAN)),
        std=_three(stated.get("std", _STD)),
    )


def _transformers(stated: Json) -> Preprocessing | None:
    if "image_mean" not in stated and "size" not in stated:
        return None
    size, crop = stated.get("size", USUAL), stated.get("crop_size")
    crops = bool(stated.get("do_center_crop", crop is not None)) and crop is not None
    height, width = _sides(crop if crops else size)
    normalises = stated.get("do_normalize", True)
    way = Image.Resampling(int(stated.get("resample", Image.Resampling.BICUBIC)))
    return Preprocessing(
        height=height,
        width=width,
        fit="crop" if crops else "stretch",
        resize=min(_sides(size)),
        resampling=way.name.lower(),
        mean=_three(stated.get("image_mean", _MEAN)) if normalises else (0.0, 0.0, 0.0),
        std=_three(stated.get("image_std", _STD)) if normalises else (1.0, 1.0, 1.0),
    )


def _sides(size: Any) -> tuple[int, int]:
    """Return height and width of a size in any of the forms that transformers writes."""
    if isinstance(size, int):
        return size, size
    if "shortest_edge" in size:
        return int(size["shortest_edge"]), int(size["shortest_edge"])
    return int(size["height"]), int(size["width"])


def _three(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
