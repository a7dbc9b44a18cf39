"""Compute missing features; existing ones are never computed again."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import chain, groupby
from typing import TypeVar

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image as Pillow

from dashboard.engine.encoder import PictureEncoder
from dashboard.engine.progress import SILENT, Progress
from dashboard.files.images import images as pictures
from dashboard.files.store import paths, storage
from dashboard.models import Feature, Image, Region, RegionFeature
from dashboard.queries.training.features import described_ids, features_of_regions
from dashboard.services.training.loading import load_encoder

T = TypeVar("T")
R = TypeVar("R")

# The most that a kill loses, and the rows of one transaction.
IMAGES_PER_BATCH = 50


def features_of_bytes(encoder: PictureEncoder, data: bytes) -> NDArray[np.float16]:
    """Encode one image from its bytes, (dimension,) float16."""
    return features_of_picture(encoder, pictures.decode_for_encoder(data, side=encoder.size))


def features_of_picture(encoder: PictureEncoder, picture: Pillow.Image) -> NDArray[np.float16]:
    """Encode a decoded image, (dimension,) float16. All features are computed here."""
    return encoder.encode(picture)


def ensure_features(
    *,
    images: Sequence[Image],
    regions: Sequence[Region] = (),
    encoder_key: str,
    progress: Progress = SILENT,
) -> None:
    """Compute the missing features of images and regions, in batches that are written at once.

    `regions` come with their images and are of one workspace. `progress` gets the number of
    computed and of missing features after each batch, and may raise to stop: what was computed is
    kept.
    """
    there = described_ids([image.id for image in images], encoder_key)
    missing = [image for image in images if image.id not in there]
    sheets = _sheets(regions, encoder_key)
    total, done = len(missing) + sum(map(len, sheets)), 0
    progress.report(0, total)
    with (
        closing(encode_images(missing, encoder_key)) as batches,
        closing(_encode(sheets, encoder_key, _region_features, _keep_regions)) as parts,
    ):
        for count in chain(map(len, batches), (sum(map(len, part)) for part in parts)):
            done += count
            progress.report(done, total)


def encode_images(
    images: Iterable[Image], encoder_key: str, keep: Callable[[list[Feature]], None] | None = None
) -> Generator[list[Image]]:
    """Encode images on all cores and write the features; then yield each batch of images.

    Images are read ahead by two batches; a deleted image gets no features. A caller that stops
    early closes the generator.
    """

    def keep_all(rows: list[Feature | None]) -> None:
        (keep or keep_features)([row for row in rows if row])

    return _encode(images, encoder_key, _feature, keep_all)


def _encode(
    things: Iterable[T],
    encoder_key: str,
    one: Callable[[PictureEncoder, T], R],
    keep: Callable[[list[R]], None],
) -> Generator[list[T]]:
    """Encode things on all cores; while one batch is written, the next are encoded."""
    waiting: deque[tuple[T, Future[R]]] = deque()

    def over() -> list[T]:
        batch = [waiting.popleft() for _ in range(min(len(waiting), IMAGES_PER_BATCH))]
        keep([future.result() for _, future in batch])
        return [thing for thing, _ in batch]

    encoder = load_encoder(encoder_key)
    pool = ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "features")
    try:
        for thing in things:
            waiting.append((thing, pool.submit(one, encoder, thing)))
            # Twice a batch, so that the pool has work while one is written.
            if len(waiting) == 2 * IMAGES_PER_BATCH:
                yield over()
        while waiting:
            yield over()
    finally:
        pool.shutdown(cancel_futures=True)


def keep_features(rows: list[Feature]) -> None:
    """Write features; those that another job has written meanwhile are kept."""
    # Two jobs may compute the same feature; both results are equal, so either may stay.
    Feature.objects.bulk_create(rows, ignore_conflicts=True)


def _keep_regions(found: list[list[RegionFeature]]) -> None:
    rows = [row for sheet in found for row in sheet]
    RegionFeature.objects.bulk_create(rows, ignore_conflicts=True)


def _sheets(regions: Sequence[Region], encoder_key: str) -> list[list[Region]]:
    """Return one region for each box without features, grouped by image to decode it once."""
    if not regions:
        return []
    there = features_of_regions(regions[0].image.workspace, regions, encoder_key)
    missing = {(row.image_id, row.box): row for row in regions if row.id not in there}
    ordered = (missing[place] for place in sorted(missing))
    return [list(sheet) for _, sheet in groupby(ordered, key=lambda region: region.image_id)]


def _feature(encoder: PictureEncoder, image: Image) -> Feature | None:
    """Encode a stored image; None if it was deleted meanwhile."""
    data = _stored(image)
    if data is None:
        return None
    vector = _packed(features_of_bytes(encoder, data))
    return Feature(workspace_id=image.workspace_id, image=image, encoder=encoder.key, vector=vector)


def _region_features(encoder: PictureEncoder, regions: Sequence[Region]) -> list[RegionFeature]:
    """Encode the crops of one stored image; an empty list if it was deleted meanwhile."""
    data = _stored(regions[0].image)
    if data is None:
        return []
    with pictures.stored_pixels(data) as whole:
        return [_region_feature(encoder, region, whole.crop(region.box)) for region in regions]


def _region_feature(encoder: PictureEncoder, region: Region, part: Pillow.Image) -> RegionFeature:
    vector = _packed(features_of_picture(encoder, part))
    box = dict(zip(("left", "top", "right", "bottom"), region.box, strict=True))
    row = RegionFeature(
        workspace_id=region.image.workspace_id, image=region.image, vector=vector, **box
    )
    row.encoder = encoder.key
    return row


def _stored(image: Image) -> bytes | None:
    try:
        return storage.read(paths.image(image.workspace_id, image.id, image.extension))
    except FileNotFoundError:
        return None


def _packed(row: NDArray[np.float16]) -> bytes:
    return row.astype("<f2").tobytes()
