"""Views of places in real photos, those that are bundled with scikit-image and scikit-learn."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_image

from tests.data.common import SIZE, EvaluationSet, photographed, rng_of

PHOTOS = (
    "astronaut", "coffee", "chelsea", "rocket", "retina", "immunohistochemistry",
    "hubble_deep_field", "camera", "coins", "moon", "page", "text", "clock", "brick", "grass",
    "gravel", "cell", "motorcycle", "china", "flower",
)  # fmt: skip
Region = tuple[float, float, float]  # middle x, middle y, side


def scenes(seed: int = 0, regions: int = 8, views: int = 8, held_out: int = 8) -> EvaluationSet:
    """Give views of regions of the photos; `held_out` photos are held out."""
    names = [PHOTOS[i] for i in rng_of(seed, 201).permutation(len(PHOTOS))]
    images: list[Image.Image] = []
    places: list[str] = []
    for number, name in enumerate(names):
        photo = photo_of(name)
        for place, region in enumerate(regions_of(photo, regions, rng_of(seed, 202, number))):
            for view in range(views):
                images.append(view_of(photo, region, rng_of(seed, 203, number, place, view)))
                places.append(f"{name}/{place}")
    photos = [place.split("/")[0] for place in places]
    return EvaluationSet(
        images, {"region": places, "photo": photos}, np.isin(photos, names[:held_out])
    )


@cache
def photo_of(name: str) -> Image.Image:
    if name in ("china", "flower"):
        pixels = load_sample_image(f"{name}.jpg")
    elif name == "motorcycle":
        file = Path(skimage.data.__file__).with_name("motorcycle_left.png")
        pixels = np.asarray(Image.open(file).convert("RGB"))
    else:
        pixels = np.asarray(getattr(skimage.data, name)())
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, -1)
    return Image.fromarray(pixels[..., :3].astype(np.uint8))


def regions_of(photo: Image.Image, count: int, r: np.random.Generator) -> Iterator[Region]:
    """Choose squares with something in them, that overlap by half at most."""
    chosen: list[Region] = []
    for _ in range(400):
        if len(chosen) == count:
            return
        side = r.uniform(0.28, 0.5) * min(photo.size)
        x = r.uniform(side / 2, photo.width - side / 2)
        y = r.uniform(side / 2, photo.height - side / 2)
        apart = all(max(abs(x - a), abs(y - b)) > 0.55 * max(side, s) for a, b, s in chosen)
        if apart and _contrast(photo, x, y, side) > 10:
            chosen.append((x, y, side))
            yield x, y, side


def _contrast(photo: Image.Image, x: float, y: float, side: float) -> float:
    half = side / 2
    box = (int(x - half), int(y - half), int(x + half), int(y + half))
    return float(np.asarray(photo.crop(box).convert("L"), np.float32).std())


def view_of(photo: Image.Image, region: Region, r: np.random.Generator) -> Image.Image:
    """Look at a region again: nearer or further, turned, aside, sometimes mirrored."""
    x, y, side = region
    size = side * np.exp(r.uniform(-0.22, 0.22))
    angle = np.deg2rad(r.uniform(-12, 12))
    x, y = x + r.uniform(-0.14, 0.14) * side, y + r.uniform(-0.14, 0.14) * side
    reach = size / 2 * (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))
    x, y = _inside(x, reach, photo.width), _inside(y, reach, photo.height)
    c, s = np.cos(angle) * size / SIZE, np.sin(angle) * size / SIZE
    half = SIZE / 2
    view = photo.transform(
        (SIZE, SIZE),
        Image.Transform.AFFINE,
        (c, -s, x - (c - s) * half, s, c, y - (s + c) * half),
        Image.Resampling.BICUBIC,
    )
    if r.random() < 0.3:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return photographed(view, r)


def _inside(middle: float, reach: float, length: int) -> float:
    return float(np.clip(middle, min(reach, length / 2), max(length - reach, length / 2)))
