"""Estimate how long the features of all images of a workspace take, and find which are due."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import Workspace
from accounts.words import counted
from dashboard.models import Encoder, Job, Usage
from dashboard.queries.training.encoders import second_looks, speeds

# It may take hours: a job that was cancelled must not start again at once.
LEFT_ALONE = timedelta(days=1)
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class Look:
    """The features of all images; `seconds` on this machine, None if it was never measured."""

    images: int
    seconds: float | None

    @property
    def sentence(self) -> str:
        """Return text such as `23,000 images, about 9 minutes`."""
        images = counted(self.images, "image")
        return f"{images}, {self.time}" if self.time else images

    @property
    def time(self) -> str:
        """Return text such as `about 9 minutes`; an empty string if it is not known."""
        return "" if self.seconds is None else about(self.seconds)


def about(seconds: float) -> str:
    """Return a duration in words, rounded to what can be predicted."""
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < _HOUR:
        return f"about {counted(round(seconds / _MINUTE), 'minute')}"
    return f"about {counted(round(seconds / _HOUR), 'hour')}"


def look_at_all(workspace: Workspace, key: str) -> Look:
    """Estimate the features of all images of a workspace by an encoder."""
    return looks_at_all(workspace, [key])[key]


def looks_at_all(workspace: Workspace, keys: Sequence[str]) -> dict[str, Look]:
    """Estimate for several encoders, in two queries."""
    rows = Usage.objects.filter(workspace=workspace, what=Usage.What.IMAGES)
    images = rows.values_list("count", flat=True).first() or 0
    measured = speeds()
    return {key: Look(images, _seconds(measured.get(key), images)) for key in keys}


def _seconds(encoder: Encoder | None, images: int) -> float | None:
    if encoder is None:
        return None
    # `seconds` is for one thread, and each thread of a worker encodes an image of its own.
    return float(images * encoder.seconds / threads())


def threads() -> int:
    """Return how many images a worker encodes in parallel."""
    return int(min(settings.LIKEWISE_WORKERS, os.cpu_count() or 1))


def second_looks_due(workspace_id: UUID | None = None) -> list[UUID]:
    """Return the workspaces that wait for another encoder and have no job for it.

    Without those that are being deleted, and those whose job was cancelled or failed within a day.
    """
    same = Job.objects.filter(workspace=OuterRef("pk"))
    looking = same.filter(kind=Job.Kind.DESCRIBE, state__in=Job.UNFINISHED)
    broken_off = same.filter(
        kind=Job.Kind.DESCRIBE,
        state__in=(Job.State.FAILED, Job.State.CANCELLED),
        finished__gt=timezone.now() - LEFT_ALONE,
    )
    closing = same.filter(kind=Job.Kind.CLOSE)
    rows = second_looks().filter(~Exists(looking), ~Exists(broken_off), ~Exists(closing))
    if workspace_id is not None:
        rows = rows.filter(pk=workspace_id)
    return list(rows.values_list("pk", flat=True))
