"""Read the subjects of a list of jobs, with one query for each kind."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import Workspace
from dashboard.models import AsyncRequest, Extraction, Fill, Job, Version


@dataclass(frozen=True)
class Subjects:
    """The subjects of a list's jobs, by id, as far as they still exist."""

    versions: dict[UUID, Version] = field(default_factory=dict)
    fills: dict[UUID, Fill] = field(default_factory=dict)
    extractions: dict[UUID, Extraction] = field(default_factory=dict)
    requests: dict[UUID, AsyncRequest] = field(default_factory=dict)


def subjects_of(workspace: Workspace, jobs: Sequence[Job]) -> Subjects:
    """Return the subjects of a workspace's jobs; requests are those whose job is in the list."""
    of_kind = {kind: [job.subject_id for job in jobs if job.kind == kind] for kind in Job.Kind}
    return Subjects(
        versions=_versions(workspace, of_kind[Job.Kind.TRAIN]),
        fills=_fills(workspace, of_kind[Job.Kind.FILL]),
        extractions=_extractions(workspace, of_kind[Job.Kind.EXTRACT]),
        requests=_requests(workspace, [job for job in jobs if job.kind in _ASKED_FOR]),
    )


_ASKED_FOR = (Job.Kind.ASYNC_DESCRIPTOR, Job.Kind.ASYNC_UPLOAD, Job.Kind.TRAIN)


def _versions(workspace: Workspace, ids: Collection[UUID]) -> dict[UUID, Version]:
    rows = Version.objects.in_workspace(workspace).select_related("task")
    return rows.in_bulk(list(ids)) if ids else {}


def _fills(workspace: Workspace, ids: Collection[UUID]) -> dict[UUID, Fill]:
    return Fill.objects.in_workspace(workspace).in_bulk(list(ids)) if ids else {}


def _extractions(workspace: Workspace, ids: Collection[UUID]) -> dict[UUID, Extraction]:
    return Extraction.objects.in_workspace(workspace).in_bulk(list(ids)) if ids else {}


def _requests(workspace: Workspace, jobs: Sequence[Job]) -> dict[UUID, AsyncRequest]:
    if not jobs:
        return {}
    rows = AsyncRequest.objects.in_workspace(workspace).filter(job__in=[job.id for job in jobs])
    return {row.job_id: row for row in rows.select_related("version__task")}
