"""Simulate what happens between a thing and its image: colours, light, lens, sensor, file."""

import colorsys
import io
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats: TypeAlias = NDArray[np.float64]
Rng: TypeAlias = np.random.Generator

SIDE = 128  # pixels of a drawn image


def stream(*key: int) -> Rng:
    """Return the random numbers of one thing; the same key always gives the same ones."""
    return np.random.default_rng(key)


def colour(hue: float, saturation: float, value: float) -> Floats:
    """Return RGB in 0..1; hues wrap around."""
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, np.clip(saturation, 0, 1), np.clip(value, 0, 1)))


def smooth_noise(rng: Rng, cells: int, side: int = SIDE, channels: int = 1) -> Floats:
    """Return (side, side, channels) of normal noise, blurred to about `cells` lumps a side."""
    planes = [
        Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        for _ in range(channels)
    ]
    return np.stack([np.asarray(plane, np.float64) for plane in planes], axis=2)


def photograph(scene: Floats, rng: Rng, strength: float = 1.0) -> Image.Image:
    """Photograph a scene in 0..1: exposure, white balance, curve, lens, noise, JPEG."""
    exposed = scene * 2 ** (strength * rng.normal(-0.05, 0.22))
    balanced = exposed * np.exp(strength * rng.normal(0, 0.035, 3))
    lifted = balanced + strength * rng.normal(0, 0.035)
    curved = np.clip(lifted, 0, 1) ** np.exp(strength * rng.normal(0, 0.16))
    image = Image.fromarray((curved * 255).astype(np.uint8))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(abs(rng.normal(0, 0.9))))
    noise = rng.normal(0, 255 * strength * rng.uniform(0.0, 0.025), (*image.size[::-1], 3))
    noisy = (np.asarray(image, np.float64) + noise).clip(0, 255).astype(np.uint8)
    return _compressed(Image.fromarray(noisy), int(rng.integers(40, 97)))


def _compressed(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")
