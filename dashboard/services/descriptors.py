"""Describe pictures with a trained version."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from dashboard import runtime
from dashboard.files import images as pictures
from dashboard.files.errors import FileRefused
from dashboard.models import Task, Version
from dashboard.queries.versions import find_usable
from dashboard.services.errors import NoSuchVersion, NotTrained
from dashboard.services.features import features_of_bytes


def version_to_use(*, task: Task, number: int | None) -> Version:
    """Return the numbered version, or else production's, or else the newest trained one.

    Raises `NoSuchVersion` if a number was given, `NotTrained` if there is none at all.
    """
    version = find_usable(task, number)
    if version is not None:
        return version
    if number is not None:
        raise NoSuchVersion(number)
    raise NotTrained


def describe(
    *, version: Version, pictures_bytes: Sequence[bytes]
) -> list[tuple[NDArray[np.float32], int, int] | FileRefused]:
    """Return descriptor, width and height of each picture, or why it has none, in order.

    A descriptor is (dimension,) float32 of unit length; equal pixels give equal ones.
    """
    model = runtime.version(version.id, version.artifact)
    encoder = runtime.encoder(version.encoder)

    def one(data: bytes) -> tuple[NDArray[np.float32], int, int] | FileRefused:
        try:
            facts = pictures.inspect(data)
            row = model.describe(features_of_bytes(encoder, data)[None])[0]
        except FileRefused as refusal:
            return refusal
        return row, facts.width, facts.height

    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "describe") as pool:
        return list(pool.map(one, pictures_bytes))
