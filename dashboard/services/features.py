"""Compute features that are missing; what is there is never computed again."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from dashboard import runtime
from dashboard.engine.encoder import Encoder
from dashboard.files import images as pictures
from dashboard.files import paths, storage
from dashboard.models import Feature, Image

IMAGES_PER_BATCH = 50


def features_of_bytes(encoder: Encoder, data: bytes) -> NDArray[np.float16]:
    """Encode one picture from its bytes, (dimension,) float16: the only road to features."""
    picture = pictures.decode_for_encoder(data)
    row: NDArray[np.float16] = encoder.features(encoder.prepare(picture)[None])[0]
    return row


def ensure_features(
    *, images: Sequence[Image], encoder_key: str, progress: Callable[[int, int], None]
) -> None:
    """Give every image its features by an encoder, in batches that are kept at once.

    `progress` hears how many of how many missing ones are done, after each batch, and may raise
    to stop: what was computed stays.
    """
    encoder = runtime.encoder(encoder_key)
    there = set(
        Feature.objects.filter(encoder=encoder_key, image__in=images).values_list(
            "image_id", flat=True
        )
    )
    missing = [image for image in images if image.id not in there]
    progress(0, len(missing))
    waiting, done = iter(missing), 0
    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "features") as pool:
        while batch := list(islice(waiting, IMAGES_PER_BATCH)):
            rows = list(pool.map(lambda image: _feature(encoder, image), batch))
            Feature.objects.bulk_create(rows, ignore_conflicts=True)
            done += len(batch)
            progress(done, len(missing))


def _feature(encoder: Encoder, image: Image) -> Feature:
    data = storage.read(paths.image(image.workspace_id, image.id, image.extension))
    vector = features_of_bytes(encoder, data).astype("<f2").tobytes()
    return Feature(workspace_id=image.workspace_id, image=image, encoder=encoder.key, vector=vector)
