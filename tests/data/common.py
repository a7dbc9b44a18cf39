"""What all the sets share: their form, random numbers with a key, and the way to a photograph."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIZE = 128


@dataclass(frozen=True)
class EvaluationSet:
    """Pictures, the name of each one's group for every similarity type, and who is held out."""

    images: list[Image.Image]
    types: dict[str, list[str]]
    held_out: NDArray[np.bool_]

    def groups(self, similarity_type: str) -> NDArray[np.int64]:
        """Number the groups of a type, (n,)."""
        return np.unique(self.types[similarity_type], return_inverse=True)[1]


def rng_of(*key: int) -> np.random.Generator:
    """Give the same random numbers for the same key."""
    return np.random.default_rng([int(part) & 0xFFFFFFFF for part in key])


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Lose what a JPEG file of this quality loses."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(quality))
    return Image.open(file).convert("RGB")


def photographed(image: Image.Image, r: np.random.Generator, strength: float = 1.0) -> Image.Image:
    """Change gamma, gain, offset and tint a little, add noise, blur some, save as JPEG."""
    values = np.clip(np.asarray(image, np.float32) / 255.0, 0, 1)
    values = values ** np.exp(r.uniform(-0.25, 0.25) * strength)
    values = values * (1 + r.uniform(-0.25, 0.2) * strength) + r.uniform(-0.06, 0.06) * strength
    values = values * (1 + r.uniform(-0.05, 0.05, 3) * strength)
    values = values + r.normal(0, 0.015 * strength, values.shape)
    image = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    if r.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(r.uniform(0.3, 1.2))))
    return jpeg(image, r.integers(45, 95))


def rgb_of(hue: float, saturation: float, value: float) -> NDArray[np.float64]:
    """Give the colour (3,) in 0..1 of a hue in 0..1."""
    sector, rest = int(hue * 6) % 6, hue * 6 - int(hue * 6)
    low = value * (1 - saturation)
    falling, rising = value * (1 - rest * saturation), value * (1 - (1 - rest) * saturation)
    sectors = [
        (value, rising, low),
        (falling, value, low),
        (low, value, rising),
        (low, falling, value),
        (rising, low, value),
        (value, low, falling),
    ]
    return np.array(sectors[sector])
