"""Compute the descriptors of images by a trained version."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from uuid import UUID

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from dashboard.engine.encoder import PictureEncoder
from dashboard.files.errors import FileRefused
from dashboard.files.fetch.fetch import fetch_many
from dashboard.files.images import images as pictures
from dashboard.models import Task, Version
from dashboard.queries.training.features import features_of
from dashboard.queries.training.versions import find_usable
from dashboard.services.errors import NoSuchVersion, NotTrained
from dashboard.services.training.features import features_of_picture
from dashboard.services.training.loading import load_encoder, load_model

# Images held in memory, of at most 20 MB each from a URL; as many may be being fetched.
AT_ONCE = 16

# An image: its URL, its bytes, or why it has neither.
Source = str | bytes | FileRefused
# A descriptor, (dimension,) float32 of unit length; width and height of the image.
Described = tuple[NDArray[np.float32], int, int]
# The features of an image, (dimension,) float16; width and height.
Seen = tuple[NDArray[np.float16], int, int]


def version_to_use(*, task: Task, number: int | None) -> Version:
    """Return the given version, or else the production version, or else the newest trained one.

    Raises `NoSuchVersion` if a number was given, `NotTrained` if the task has no trained version.
    """
    version = find_usable(task, number)
    if version is not None:
        return version
    if number is not None:
        raise NoSuchVersion(number)
    raise NotTrained


def describe(*, version: Version, pictures_bytes: Sequence[bytes]) -> list[Described | FileRefused]:
    """Return descriptor, width and height of each image, or why it has none, in order."""
    return list(describe_sources(version=version, sources=pictures_bytes))


def describe_stored(
    *, version: Version, image_ids: Collection[UUID]
) -> dict[UUID, NDArray[np.float32]]:
    """Return the descriptors, (dimension,) float32 each, of images of the version's workspace.

    Images that have no features or were deleted are skipped. Raises `ModelUnusable`.
    """
    features = features_of(version.workspace, image_ids, version.encoder)
    there = [one for one in image_ids if one in features]
    if not there:
        return {}
    rows = load_model(version).describe(np.array([features[one] for one in there]))
    return dict(zip(there, rows, strict=True))


def describe_sources(
    *, version: Version, sources: Iterable[Source]
) -> Iterator[Described | FileRefused]:
    """Yield descriptor, width and height of each image, or why it has none, in order.

    Equal pixels give equal descriptors. Sources are read ahead as far as `AT_ONCE` allows, so that
    one is read while others are encoded; URLs are fetched in parallel. Each image is encoded alone,
    the head is applied to several at once. Raises `ModelUnusable`.
    """
    model = load_model(version)
    seen = _look_at_all(load_encoder(version.encoder), sources)
    while some := list(islice(seen, AT_ONCE)):
        # Encoded one by one and multiplied together: an image's features do not depend on its
        # batch.
        rows = [one[0] for one in some if not isinstance(one, FileRefused)]
        described = iter(model.describe(np.array(rows))) if rows else iter(())
        for one in some:
            yield one if isinstance(one, FileRefused) else (next(described), one[1], one[2])


def _look_at_all(
    encoder: PictureEncoder, sources: Iterable[Source]
) -> Iterator[Seen | FileRefused]:
    waiting: deque[Future[Seen | FileRefused]] = deque()
    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "describe") as pool:
        for content in fetch_many(sources):
            if len(waiting) == AT_ONCE:
                yield waiting.popleft().result()
            waiting.append(pool.submit(look_at, encoder, content))
        while waiting:
            yield waiting.popleft().result()


def look_at(encoder: PictureEncoder, content: bytes | FileRefused) -> Seen | FileRefused:
    """Encode one image, or return why it has no features."""
    if isinstance(content, FileRefused):
        return content
    try:
        shown = pictures.show(content, side=encoder.size)
        return features_of_picture(encoder, shown.picture), shown.width, shown.height
    except FileRefused as refusal:
        return refusal


def contents_of(sources: Iterable[Source]) -> list[bytes | FileRefused]:
    """Return each source's bytes, or why it has none; URLs are fetched in parallel."""
    return list(fetch_many(sources))
