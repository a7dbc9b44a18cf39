"""Explain what a queued job waits for, so that nobody has to read a log."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from dashboard.models import Job, WorkerSign
from dashboard.queries.jobs.claim_order import Lane, claimable, lane_of, running_in

# A worker sends a heartbeat at each sweep; under load some are late.
SILENT_SWEEPS = 4
COUNTED = 1000  # a place beyond 1,000 need not be exact


@dataclass(frozen=True)
class Waiting:
    """Why a job is not running: the first of these that applies."""

    unserved: bool = False
    workers: bool = True
    again: datetime | None = None
    share: int = 0
    before: int = 0


def what_they_wait_for(jobs: Iterable[Job]) -> dict[UUID, Waiting]:
    """Return what each queued job waits for: three queries for all, none if no job is queued."""
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
    """Return the time since which a living worker has sent a heartbeat."""
    return timezone.now() - timedelta(seconds=settings.LIKEWISE_SWEEP * SILENT_SWEEPS)


def _served_queues() -> set[str]:
    signs = WorkerSign.objects.filter(seen__gte=_fresh())
    return {queue for queues in signs.values_list("queues", flat=True) for queue in queues}


def _lines(queues: Iterable[str]) -> dict[tuple[str, bool], list[UUID]]:
    """Return the ids of the waiting jobs in each line, the next first, of at most `COUNTED`."""
    # Without the fairness of `next_in`: a place that moves with every start would mean nothing.
    rows = claimable(queues).order_by("-priority", "created", "id")
    lines: dict[tuple[str, bool], list[UUID]] = defaultdict(list)
    for job in rows.only("queue", "priority")[:COUNTED]:
        lines[_line_of(job)].append(job.id)
    return lines


def _line_of(job: Job) -> tuple[str, bool]:
    """Return the line that a job waits in: long jobs have a line of their own."""
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
