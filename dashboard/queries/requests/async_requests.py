"""Read asynchronous requests and their records."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import Workspace
from dashboard.models import AsyncRecord, AsyncRequest, Job
from dashboard.queries.pages import batches

ROWS_AT_ONCE = 500
# The inverse of `AsyncRequest.status`.
IN_STATUS = {
    AsyncRequest.Status.CREATED: Q(job__state=Job.State.QUEUED, job__tries=0),
    AsyncRequest.Status.RETRY: Q(job__state=Job.State.QUEUED, job__tries__gt=0),
    AsyncRequest.Status.PROCESSING: Q(job__state=Job.State.RUNNING),
    AsyncRequest.Status.DONE: Q(job__state=Job.State.DONE),
    AsyncRequest.Status.FAILED: Q(job__state=Job.State.FAILED),
    AsyncRequest.Status.CANCELLED: Q(job__state=Job.State.CANCELLED),
}


def requests_in(workspace: Workspace) -> QuerySet[AsyncRequest]:
    """Return the workspace's requests with their jobs and versions."""
    rows = AsyncRequest.objects.in_workspace(workspace)
    return rows.select_related("job", "version__task", "workspace")


def get_request(workspace: Workspace, request_id: UUID) -> AsyncRequest:
    """Return one request. Raises `AsyncRequest.DoesNotExist`."""
    return requests_in(workspace).get(pk=request_id)


def counts(requests: Iterable[AsyncRequest]) -> dict[UUID, dict[str, int]]:
    """Return the numbers of records of each request by every status, in one query."""
    none = dict.fromkeys(AsyncRecord.Status.values, 0)
    found = {request.id: dict(none) for request in requests}
    rows = AsyncRecord.objects.filter(request__in=found).order_by()
    for request_id, status, count in rows.values_list("request", "status").annotate(Count("id")):
        found[request_id][status] = count
    return found


def waiting_records(request: AsyncRequest) -> QuerySet[AsyncRecord]:
    """Return the waiting records, in the order of the request."""
    return request.records.filter(status=AsyncRecord.Status.WAITING).order_by("number")


def every_record(request: AsyncRequest) -> Iterator[AsyncRecord]:
    """Yield the records in the order of the request, few in memory at a time."""
    for rows in batches(request.records.all(), ROWS_AT_ONCE, key="number"):
        yield from rows


def requests_ended_before(moment: datetime) -> QuerySet[AsyncRequest]:
    """Return the requests of all workspaces that ended before a time, oldest first."""
    # The first condition is redundant for the result: it lets the index on `created` find the few
    # rows.
    rows = AsyncRequest.objects.filter(created__lt=moment, job__finished__lt=moment)
    return rows.order_by("created")
