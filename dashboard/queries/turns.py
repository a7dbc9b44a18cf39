"""Whose turn it is in a queue: priorities first, then fairness between workspaces, then age."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from dashboard.models import Job

# A worker that loses the first to another tries the next ones.
TRIED = 5


def running_in(queues: Iterable[str]) -> dict[str, Counter[tuple[UUID, bool]]]:
    """Count what runs in each queue by workspace, and by whether somebody waits for it."""
    found: dict[str, Counter[tuple[UUID, bool]]] = {queue: Counter() for queue in queues}
    rows = Job.objects.filter(queue__in=found, state=Job.State.RUNNING).order_by()
    counted = rows.values("queue", "workspace_id").annotate(
        urgent=Count("pk", filter=Q(priority__gt=0)), others=Count("pk", filter=Q(priority__lte=0))
    )
    for row in counted:
        running = found[row["queue"]]
        running[row["workspace_id"], True] = row["urgent"]
        running[row["workspace_id"], False] = row["others"]
    return found


def claimable(queues: Iterable[str]) -> QuerySet[Job]:
    """Return what waits in queues and may be taken up now, the shares of workspaces aside."""
    rows = Job.objects.filter(queue__in=queues, state=Job.State.QUEUED)
    return rows.filter(
        Q(not_before__isnull=True) | Q(not_before__lte=timezone.now()),
        Q(tries__lt=Job.MAX_TRIES) | Q(kind__in=Job.NEVER_GIVEN_UP),
    )


def waiting_queues(queues: Iterable[str]) -> list[str]:
    """Return those queues in which something waits that may be taken up now."""
    return list(claimable(queues).order_by("queue").values_list("queue", flat=True).distinct())


def next_in(queue: str, *, urgent_only: bool = False) -> list[Job]:
    """Return the few jobs of a queue that are next, best first.

    What somebody waits for counts apart in a workspace's share: a long import is no reason to
    let its owner wait for the plan of another.
    """
    running = running_in([queue])[queue]
    rows = claimable([queue])
    if urgent_only:
        rows = rows.filter(priority__gt=0)
    for (workspace_id, urgent), count in running.items():
        if count >= settings.LIKEWISE_JOBS_PER_WORKSPACE:
            rows = rows.exclude(
                Q(priority__gt=0) if urgent else Q(priority__lte=0), workspace=workspace_id
            )
    busy = Counter[UUID]()
    for (workspace_id, _), count in running.items():
        busy[workspace_id] += count
    whens = [
        When(workspace=workspace_id, then=Value(count)) for workspace_id, count in busy.items()
    ]
    # PostgreSQL takes a bare number in ORDER BY for a column's position.
    fewest = [Case(*whens, default=Value(0), output_field=IntegerField())] if whens else []
    return list(rows.order_by("-priority", *fewest, "created", "id")[:TRIED])


def has_its_share(job: Job) -> bool:
    """Say whether as much of its kind of urgency runs in its workspace and queue as may."""
    rows = Job.objects.filter(workspace=job.workspace_id, queue=job.queue, state=Job.State.RUNNING)
    alike = rows.filter(priority__gt=0) if job.priority > 0 else rows.filter(priority__lte=0)
    return bool(alike.count() >= settings.LIKEWISE_JOBS_PER_WORKSPACE)
