"""Measure how fast the encoders are on this machine, all with the same routine, in turns."""

from collections.abc import Callable, Iterable
from functools import partial

from django.utils import timezone

from dashboard.engine.custom.trial import side_by_side
from dashboard.engine.encoder import PictureEncoder
from dashboard.models import Encoder
from dashboard.queries.training.encoders import SHIPPED, speeds
from dashboard.services.training.features import features_of_bytes
from dashboard.services.training.loading import load_encoder


def measure_speeds() -> dict[str, float]:
    """Measure every encoder beside the shipped ones; store and return seconds per image by key.

    Measured from the bytes of a JPEG of 800 x 600 to features, on one thread. Raises
    `ModelUnusable` if an encoder cannot be loaded; then nothing is stored.
    """
    ready = Encoder.objects.filter(state=Encoder.State.READY).exclude(key__in=SHIPPED)
    found: dict[str, float] = {}
    # One registered encoder at a time: each may take gigabytes of memory.
    for keys in [[key] for key in ready.values_list("key", flat=True)] or [[]]:
        found = _seconds([*SHIPPED, *keys]) | found
    _keep(found)
    return found


def measure_speed(encoder: Encoder) -> None:
    """Measure one encoder beside the shipped ones. Raises `ModelUnusable`."""
    _keep(_seconds([*SHIPPED, encoder.key]))
    encoder.refresh_from_db(fields=["seconds", "measured"])


def measure_if_never() -> None:
    """Measure the shipped encoders once, so that the time for all images can be estimated."""
    if not SHIPPED.keys() <= speeds().keys():
        _keep(_seconds(SHIPPED))


def _seconds(keys: Iterable[str]) -> dict[str, float]:
    return side_by_side({key: _run(load_encoder(key)) for key in keys})


def _run(encoder: PictureEncoder) -> Callable[[bytes], object]:
    return partial(features_of_bytes, encoder)


def _keep(found: dict[str, float]) -> None:
    now = timezone.now()
    for key, seconds in found.items():
        measured = {"seconds": seconds, "measured": now}
        # A registered encoder that was deleted while it was measured gets no row.
        if Encoder.objects.filter(key=key).update(**measured) or key not in SHIPPED:
            continue
        shipped_row(key)
        Encoder.objects.filter(key=key).update(**measured)


def shipped_row(key: str) -> Encoder:
    """Return the row of a shipped encoder, created if it does not exist."""
    shipped = {
        "name": SHIPPED[key].name,
        "state": Encoder.State.READY,
        "dimension": load_encoder(key).dimension,
        "seconds": 0.0,
        "file_size": 0,
    }
    return Encoder.objects.get_or_create(key=key, defaults=shipped)[0]
