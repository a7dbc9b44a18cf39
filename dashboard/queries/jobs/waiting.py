"""What a job waits for: nobody should have to read a log to learn it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from dashboard.models import Job, WorkerSign
from dashboard.queries.jobs.claim_order import Lane, claimable, lane_of, running_in

# A worker gives a sign of life at each sweep; under load some are late.
SILENT_SWEEPS = 4
COUNTED = 1000  # nobody asks whether 1,000 or 2,000 are before theirs


@dataclass(frozen=True)
class Waiting:
    """Why a job is not running: the first of these that holds."""

    unserved: bool = False
    workers: bool = True
    again: datetime | None = None
    share: int = 0
    before: int = 0


def what_they_wait_for(jobs: Iterable[Job]) -> dict[UUID, Waiting]:
    """Say of each job that waits what for: three queries for all, none if nothing waits."""
    waiting = [job for job in jobs if job.state == Job.State.QUEUED]
    if not waiting:
        return {}
    queues = {job.queue for job in waiting}
    served = _served_queues()
    running = running_in(queues)
    lines = _lines(queues)
    return {
        job.id: _waiting(job, served, running[job.queue], lines[_line_of(job)]) for job in waiting
    }


def _fresh() -> datetime:
    """Return since when a living worker has given a sign."""
    return timezone.now() - timedelta(seconds=settings.LIKEWISE_SWEEP * SILENT_SWEEPS)


def _served_queues() -> set[str]:
    signs = WorkerSign.objects.filter(seen__gte=_fresh())
    return {queue for queues in signs.values_list("queues", flat=True) for queue in queues}


def _lines(queues: Iterable[str]) -> dict[tuple[str, bool], list[UUID]]:
    """Return the ids that wait in each line, the next first, as far as they are counted."""
    # Without the fairness of `next_in`: a place in line that moves with every start tells nobody
    # anything.
    rows = claimable(queues).order_by("-priority", "created", "id")
    lines: dict[tuple[str, bool], list[UUID]] = defaultdict(list)
    for job in rows.only("queue", "priority")[:COUNTED]:
        lines[_line_of(job)].append(job.id)
    return lines


def _line_of(job: Job) -> tuple[str, bool]:
    """Return what a job stands in line for: what takes long has places of its own."""
    return job.queue, lane_of(job) == Lane.LONG


def _waiting(
    job: Job, served: set[str], running: Counter[tuple[UUID, Lane]], line: list[UUID]
) -> Waiting:
    # In this order: what an administrator must fix comes before what only takes time.
    if job.queue not in served:
        return Waiting(unserved=True, workers=bool(served))
    if job.not_before is not None and job.not_before > timezone.now():
        return Waiting(again=job.not_before)
    share = settings.LIKEWISE_JOBS_PER_WORKSPACE
    if running[job.workspace_id, lane_of(job)] >= share:
        return Waiting(share=share)
    return Waiting(before=line.index(job.id) if job.id in line else COUNTED)
