"""Order the jobs of a queue: by priority, then fairness between workspaces, then age.

A queue has three lanes, by priority: jobs that somebody waits for at a page, usual jobs, and jobs
that have turned out to take long. A workspace has a share of each, so that no lane waits for
another.
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
    """The lanes of a queue, whose running jobs are counted separately."""

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
    """Count the running jobs in each queue, except `besides`, by workspace and lane."""
    found: dict[str, Counter[tuple[UUID, Lane]]] = {queue: Counter() for queue in queues}
    # Only running jobs are counted; their number is bounded by the slots of all workers.
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
    """Return the queued jobs that may be claimed now, without the limits of workspaces."""
    rows = Job.objects.filter(queue__in=queues, state=Job.State.QUEUED)
    return rows.filter(
        Q(not_before__isnull=True) | Q(not_before__lte=timezone.now()),
        # A job that has used all its tries stays queued until the sweep fails it and closes its
        # subject.
        Q(tries__lt=Job.MAX_TRIES) | Q(kind__in=Job.NEVER_GIVEN_UP),
    )


def waiting_queues(queues: Iterable[str]) -> list[str]:
    """Return the queues that have a job that may be claimed now."""
    return list(claimable(queues).order_by("queue").values_list("queue", flat=True).distinct())


def next_in(
    queue: str, *, urgent_only: bool = False, long: bool = False, besides: Job | None = None
) -> list[Job]:
    """Return the next few jobs of a queue, in order: the long ones with `long`, else the others.

    Jobs that somebody waits for have a share of their own: a long import must not delay the dry run
    of another upload of the same workspace. `besides` is treated as not running.
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
    # PostgreSQL reads a bare number in ORDER BY as a column's position.
    fewest = [Case(*whens, default=Value(0), output_field=IntegerField())] if whens else []
    return list(rows.order_by("-priority", *fewest, "created", "id")[:TRIED])


def has_its_share(job: Job, lane: Lane) -> bool:
    """Return whether a lane of the job's workspace and queue has reached its limit."""
    rows = Job.objects.filter(workspace=job.workspace_id, queue=job.queue, state=Job.State.RUNNING)
    return bool(rows.filter(_PRIORITIES[lane]).count() >= settings.LIKEWISE_JOBS_PER_WORKSPACE)
