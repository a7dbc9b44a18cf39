"""Describe pictures with a trained version."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from dashboard import runtime
from dashboard.files import images as pictures
from dashboard.files.errors import FileRefused
from dashboard.files.fetch import fetch_many
from dashboard.models import Task, Version
from dashboard.queries.versions import find_usable
from dashboard.services.errors import NoSuchVersion, NotTrained
from dashboard.services.features import features_of_bytes

# So many pictures are in memory at once; an address may give 20 MB.
AT_ONCE = 16

# Of a picture: its address, its bytes, or why there is neither.
Source = str | bytes | FileRefused
Described = tuple[NDArray[np.float32], int, int]


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


def describe(*, version: Version, pictures_bytes: Sequence[bytes]) -> list[Described | FileRefused]:
    """Return descriptor, width and height of each picture, or why it has none, in order.

    A descriptor is (dimension,) float32 of unit length; equal pixels give equal ones.
    """
    model = runtime.version(version.id, version.artifact)
    encoder = runtime.encoder(version.encoder)

    def one(data: bytes) -> Described | FileRefused:
        try:
            facts = pictures.inspect(data)
            row = model.describe(features_of_bytes(encoder, data)[None])[0]
        except FileRefused as refusal:
            return refusal
        return row, facts.width, facts.height

    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "describe") as pool:
        return list(pool.map(one, pictures_bytes))


def describe_sources(
    *, version: Version, sources: Iterable[Source]
) -> Iterator[Described | FileRefused]:
    """Yield what `describe` says of each source's picture; few of them are taken at a time."""
    waiting = iter(sources)
    while taken := list(islice(waiting, AT_ONCE)):
        contents = contents_of(taken)
        pictures_bytes = [data for data in contents if isinstance(data, bytes)]
        described = iter(describe(version=version, pictures_bytes=pictures_bytes))
        yield from (next(described) if isinstance(data, bytes) else data for data in contents)


def contents_of(sources: Sequence[Source]) -> list[bytes | FileRefused]:
    """Return each source's bytes, or why there are none; addresses are fetched side by side."""
    fetched = fetch_many([source for source in sources if isinstance(source, str)])
    return [next(fetched) if isinstance(source, str) else source for source in sources]
