"""Whose turn it is in a queue: priorities first, then fairness between workspaces, then age.

A queue has three lanes, told by the priority: what somebody waits for at a page, what is usual, and
what has turned out to take long. A workspace has its share of each, so that none waits for another.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from dashboard.models import Job

# A worker that loses the first to another tries the next ones.
TRIED = 5


class Lane(StrEnum):
    """What of a queue is counted apart from the rest."""

    URGENT = "urgent"
    USUAL = "usual"
    LONG = "long"


_PRIORITIES = {
    Lane.URGENT: Q(priority__gt=0),
    Lane.USUAL: Q(priority__lte=0) & ~Q(priority=Job.LONG),
    Lane.LONG: Q(priority=Job.LONG),
}


def lane_of(job: Job) -> Lane:
    """Return the lane of a job."""
    if job.priority > 0:
        return Lane.URGENT
    return Lane.LONG if job.priority == Job.LONG else Lane.USUAL


def running_in(
    queues: Iterable[str], besides: Job | None = None
) -> dict[str, Counter[tuple[UUID, Lane]]]:
    """Count what runs in each queue, `besides` one, by workspace and lane."""
    found: dict[str, Counter[tuple[UUID, Lane]]] = {queue: Counter() for queue in queues}
    # Only what runs is counted. That is bounded by the slots of all workers, whatever waits.
    rows = Job.objects.filter(queue__in=found, state=Job.State.RUNNING).order_by()
    if besides is not None:
        rows = rows.exclude(pk=besides.pk)
    counts = {lane.value: Count("pk", filter=of_lane) for lane, of_lane in _PRIORITIES.items()}
    counted = rows.values_list("queue", "workspace_id").annotate(**counts)
    # One row for each workspace with all lanes: a query for each lane would cost three.
    for queue, workspace_id, *numbers in counted:
        for lane, count in zip(_PRIORITIES, numbers, strict=True):
            found[queue][workspace_id, lane] = count
    return found


def claimable(queues: Iterable[str]) -> QuerySet[Job]:
    """Return what waits in queues and may be claimed now, the limits of workspaces aside."""
    rows = Job.objects.filter(queue__in=queues, state=Job.State.QUEUED)
    return rows.filter(
        Q(not_before__isnull=True) | Q(not_before__lte=timezone.now()),
        # A worn-out job stays queued until the sweep fails it, which also ends its subject.
        Q(tries__lt=Job.MAX_TRIES) | Q(kind__in=Job.NEVER_GIVEN_UP),
    )


def waiting_queues(queues: Iterable[str]) -> list[str]:
    """Return those queues in which something waits that may be claimed now."""
    return list(claimable(queues).order_by("queue").values_list("queue", flat=True).distinct())


def next_in(
    queue: str, *, urgent_only: bool = False, long: bool = False, besides: Job | None = None
) -> list[Job]:
    """Return the few jobs of a queue that are next, best first: those that take `long`, or others.

    What somebody waits for counts apart in a workspace's share: a long import is no reason to
    let its owner wait for the plan of another. `besides` is taken for one that does not run.
    """
    running = running_in([queue], besides)[queue]
    rows = claimable([queue])
    rows = rows.filter(_PRIORITIES[Lane.LONG]) if long else rows.exclude(_PRIORITIES[Lane.LONG])
    if urgent_only:
        rows = rows.filter(_PRIORITIES[Lane.URGENT])
    # A full workspace is excluded in SQL: skipped afterwards, it could fill all `TRIED` places.
    for (workspace_id, lane), count in running.items():
        if count >= settings.LIKEWISE_JOBS_PER_WORKSPACE:
            rows = rows.exclude(_PRIORITIES[lane], workspace=workspace_id)
    # Fairness counts all lanes of a workspace together, its limit counts each lane alone.
    busy = Counter[UUID]()
    for (workspace_id, _), count in running.items():
        busy[workspace_id] += count
    whens = [
        When(workspace=workspace_id, then=Value(count)) for workspace_id, count in busy.items()
    ]
    # PostgreSQL takes a bare number in ORDER BY for a column's position.
    fewest = [Case(*whens, default=Value(0), output_field=IntegerField())] if whens else []
    return list(rows.order_by("-priority", *fewest, "created", "id")[:TRIED])


def has_its_share(job: Job, lane: Lane) -> bool:
    """Say whether as much of a lane runs in the job's workspace and queue as may."""
    rows = Job.objects.filter(workspace=job.workspace_id, queue=job.queue, state=Job.State.RUNNING)
    return bool(rows.filter(_PRIORITIES[lane]).count() >= settings.LIKEWISE_JOBS_PER_WORKSPACE)
