"""Handwriting, scanned: too few groups to learn from, so nothing may get worse.

The scans are those that come with scikit-learn.
"""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from tests.data.common import EvaluationSet


def digits() -> EvaluationSet:
    """Give 1,797 scans of 8 x 8 pixels, enlarged; 0 to 4 to train on, 5 to 9 held out."""
    scans = load_digits()
    images = [_enlarged(scan) for scan in scans.images]
    return EvaluationSet(images, {"digit": [str(t) for t in scans.target]}, scans.target >= 5)


def _enlarged(scan: np.ndarray) -> Image.Image:
    ink = Image.fromarray((255 - scan * 15.9).clip(0, 255).astype(np.uint8))
    return ink.resize((64, 64), Image.Resampling.BICUBIC).convert("RGB")
