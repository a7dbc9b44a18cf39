"""Compute features that are missing; what is there is never computed again."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray
from PIL import Image as Pillow

from accounts.models import User, Workspace
from dashboard import runtime
from dashboard.engine.encoder import PictureEncoder
from dashboard.files import images as pictures
from dashboard.files import paths, storage
from dashboard.models import Feature, Image, Job
from dashboard.queries.encoders import keys_in_use
from dashboard.queries.features import (
    count_undescribed,
    described_ids,
    has_undescribed,
    undescribed,
)
from dashboard.queries.jobs import unfinished_jobs
from dashboard.services import jobs

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
    *, images: Sequence[Image], encoder_key: str, progress: Callable[[int, int], None]
) -> None:
    """Give every image its features by an encoder, in batches that are kept at once.

    `progress` hears how many of how many missing ones are done, after each batch, and may raise
    to stop: what was computed stays.
    """
    there = described_ids([image.id for image in images], encoder_key)
    missing = [image for image in images if image.id not in there]
    progress(0, len(missing))
    waiting, done = iter(missing), 0
    with _batch_encoder(encoder_key) as encode:
        while batch := list(islice(waiting, IMAGES_PER_BATCH)):
            _keep(encode(batch))
            done += len(batch)
            progress(done, len(missing))


def _keep(rows: Sequence[Feature]) -> None:
    Feature.objects.bulk_create(rows, ignore_conflicts=True)


@contextmanager
def _batch_encoder(key: str) -> Iterator[Callable[[Sequence[Image]], list[Feature]]]:
    """Give a function that encodes a batch on all cores."""
    encoder = runtime.encoder(key)
    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "features") as pool:

        def encode(batch: Sequence[Image]) -> list[Feature]:
            rows = pool.map(lambda image: _feature(encoder, image), batch)
            return [row for row in rows if row]

        yield encode


def _feature(encoder: PictureEncoder, image: Image) -> Feature | None:
    """Encode a stored image; None if it was deleted meanwhile."""
    try:
        data = storage.read(paths.image(image.workspace_id, image.id, image.extension))
    except FileNotFoundError:
        return None
    vector = features_of_bytes(encoder, data).astype("<f2").tobytes()
    return Feature(workspace_id=image.workspace_id, image=image, encoder=encoder.key, vector=vector)


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
    last: UUID | None = None
    with _batch_encoder(key) as encode:
        while batch := undescribed(workspace, key, after=last, size=IMAGES_PER_BATCH):
            rows = encode(batch)
            last = batch[-1].id
            done = handle.job.done + len(batch)
            total = max(total, done)
            with transaction.atomic():  # a kill in between would leave some uncounted
                handle.report(stage=SEARCHABLE, total=total, done=done, fraction=done / total)
                _keep(rows)
            handle.check()
    return total
