"""Compute features that are missing; what is there is never computed again."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import groupby
from uuid import UUID

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image as Pillow

from accounts.models import User, Workspace
from dashboard.engine.encoder import PictureEncoder
from dashboard.files import images as pictures
from dashboard.files import paths, storage
from dashboard.models import Feature, Image, Job, Region, RegionFeature
from dashboard.queries.encoders import keys_in_use
from dashboard.queries.features import (
    count_undescribed,
    described_ids,
    features_of_regions,
    has_undescribed,
    undescribed,
)
from dashboard.queries.jobs import unfinished_jobs
from dashboard.services import jobs
from dashboard.services.loading import load_encoder

Encoded = tuple[int, Sequence[Feature | RegionFeature]]  # of how many things, and their rows

IMAGES_PER_BATCH = 50
SEARCHABLE = "Looking at new images"


def features_of_bytes(encoder: PictureEncoder, data: bytes) -> NDArray[np.float16]:
    """Encode one picture from its bytes, (dimension,) float16."""
    return features_of_picture(encoder, pictures.decode_for_encoder(data, side=encoder.size))


def features_of_picture(encoder: PictureEncoder, picture: Pillow.Image) -> NDArray[np.float16]:
    """Encode what was decoded for the encoder, (dimension,) float16: the only road to features."""
    row: NDArray[np.float16] = encoder.features(encoder.prepare(picture)[None])[0]
    return row


def ensure_features(
    *,
    images: Sequence[Image],
    regions: Sequence[Region] = (),
    encoder_key: str,
    progress: Callable[[int, int], None],
) -> None:
    """Give every image and region its features by an encoder, in batches that are kept at once.

    `regions` come with their images and are of one workspace. `progress` hears how many of how
    many missing ones are done, after each batch, and may raise to stop: what was computed stays.
    """
    there = described_ids([image.id for image in images], encoder_key)
    missing = [image for image in images if image.id not in there]
    sheets = _sheets(regions, encoder_key)
    total, done = len(missing) + sum(map(len, sheets)), 0
    progress(0, total)
    for work in (encode_images(missing, encoder_key), _encode_regions(sheets, encoder_key)):
        with closing(work) as batches:
            for count in batches:
                done += count
                progress(done, total)


def _sheets(regions: Sequence[Region], encoder_key: str) -> list[list[Region]]:
    """Return a region for each box without features, those of an image together, to decode once."""
    if not regions:
        return []
    there = features_of_regions(regions[0].image.workspace, regions, encoder_key)
    missing = {(row.image_id, row.box): row for row in regions if row.id not in there}
    ordered = (missing[place] for place in sorted(missing))
    return [list(sheet) for _, sheet in groupby(ordered, key=lambda region: region.image_id)]


def encode_images(images: Iterable[Image], encoder_key: str) -> Generator[int]:
    """Encode images on all cores and keep the result; yield how many are over with, batch by batch.

    While one batch is written the next are encoded, and images are taken as there is room for them.
    Whoever leaves early closes it, which waits for the pictures at hand and no others.
    """
    encoder = load_encoder(encoder_key)
    tasks = (partial(_features, encoder, image) for image in images)
    yield from _encoded(tasks)


def _encode_regions(sheets: Iterable[Sequence[Region]], encoder_key: str) -> Generator[int]:
    """Do the same for regions, those of an image together."""
    encoder = load_encoder(encoder_key)
    tasks = (partial(_region_features, encoder, sheet) for sheet in sheets)
    yield from _encoded(tasks)


def _encoded(tasks: Iterable[Callable[[], Encoded]]) -> Generator[int]:
    pool = ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "features")
    waiting: deque[Future[Encoded]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) == 2 * IMAGES_PER_BATCH:
                yield _keep(waiting)
        while waiting:
            yield _keep(waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _keep(waiting: deque[Future[Encoded]]) -> int:
    batch = [waiting.popleft().result() for _ in range(min(len(waiting), IMAGES_PER_BATCH))]
    rows = [row for _, found in batch for row in found]
    whole = [row for row in rows if isinstance(row, Feature)]
    Feature.objects.bulk_create(whole, ignore_conflicts=True)
    crops = [row for row in rows if isinstance(row, RegionFeature)]
    RegionFeature.objects.bulk_create(crops, ignore_conflicts=True)
    return sum(count for count, _ in batch)


def _features(encoder: PictureEncoder, image: Image) -> Encoded:
    """Encode a stored image; no row if it was deleted meanwhile."""
    data = _stored(image)
    if data is None:
        return 1, []
    row = Feature(workspace_id=image.workspace_id, image=image, encoder=encoder.key)
    row.vector = _packed(features_of_bytes(encoder, data))
    return 1, [row]


def _region_features(encoder: PictureEncoder, regions: Sequence[Region]) -> Encoded:
    """Encode the crops of one stored image; no rows if it was deleted meanwhile."""
    image = regions[0].image
    data = _stored(image)
    if data is None:
        return len(regions), []
    whole = pictures.decode_stored(data)
    rows = []
    for region in regions:
        vector = _packed(features_of_picture(encoder, whole.crop(region.box)))
        box = dict(zip(("left", "top", "right", "bottom"), region.box, strict=True))
        row = RegionFeature(workspace_id=image.workspace_id, image=image, vector=vector, **box)
        row.encoder = encoder.key
        rows.append(row)
    return len(regions), rows


def _stored(image: Image) -> bytes | None:
    try:
        return storage.read(paths.image(image.workspace_id, image.id, image.extension))
    except FileNotFoundError:
        return None


def _packed(row: NDArray[np.float16]) -> bytes:
    return row.astype("<f2").tobytes()


def start_describing(*, workspace: Workspace, actor: User | None) -> Job | None:
    """Queue a look at the workspace's new images, unless one is waiting already.

    Until it is done search does not find them. Returns None where there is nothing to queue.
    """
    waiting = unfinished_jobs(workspace).filter(kind=Job.Kind.DESCRIBE, state=Job.State.QUEUED)
    if waiting.exists():
        return None
    if not any(has_undescribed(workspace, key) for key in keys_in_use(workspace)):
        return None
    return jobs.enqueue(
        workspace=workspace,
        kind=Job.Kind.DESCRIBE,
        title=SEARCHABLE,
        subject_id=workspace.id,
        actor=actor,
    )


def run_describing(*, workspace: Workspace, handle: jobs.Handle) -> str:
    """Give features to every image that has none, by each encoder in use, batch by batch."""
    keys = keys_in_use(workspace)
    total = handle.job.done + sum(count_undescribed(workspace, key) for key in keys)
    for key in keys:
        total = _describe_by(key, workspace, total, handle)
    return f"{handle.job.done:,} images can be searched now."


def _describe_by(key: str, workspace: Workspace, total: int, handle: jobs.Handle) -> int:
    """Describe by one encoder; returns the new total: images may come meanwhile."""
    with closing(encode_images(_undescribed(workspace, key), key)) as batches:
        for count in batches:
            done = handle.job.done + count
            total = max(total, done)
            handle.report(stage=SEARCHABLE, total=total, done=done, fraction=done / total)
            handle.check()
    return total


def _undescribed(workspace: Workspace, key: str) -> Iterator[Image]:
    last: UUID | None = None
    while batch := undescribed(workspace, key, after=last, size=IMAGES_PER_BATCH):
        last = batch[-1].id
        yield from batch
