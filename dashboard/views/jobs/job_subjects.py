"""Link a job to its subject, its result, and what failed, and describe its request."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.shortcuts import resolve_url

from accounts.models import Workspace
from dashboard.models import AsyncRequest, Job
from dashboard.queries.jobs.job_subjects import Subjects, subjects_of


@dataclass(frozen=True)
class Subject:
    """The links of a job; an empty URL means that there is none."""

    url: str = ""
    label: str = ""
    result: str = ""
    failures: str = ""
    asked: str = ""


NOWHERE = Subject()


def job_subjects(
    workspace: Workspace, jobs: Sequence[Job], closed: Collection[str] = ()
) -> dict[UUID, Subject]:
    """Return the links of each job of a list; those of `closed` kinds have none."""
    found = subjects_of(workspace, jobs)
    return {
        job.id: _nothing(job, found)
        if job.kind in closed
        else LINKS[Job.Kind(job.kind)](job, found)
        for job in jobs
    }


def _upload(job: Job, _: Subjects) -> Subject:
    failures = resolve_url("upload-failures", job.subject_id) if job.failed else ""
    url = resolve_url("upload", job.subject_id)
    return Subject(url=url, label="Open the upload", failures=failures)


def _training(job: Job, found: Subjects) -> Subject:
    version = found.versions.get(job.subject_id)
    if version is None:
        return NOWHERE
    url = resolve_url("task", version.task_id)
    return Subject(url=url, label="Open the task", asked=_asked(job, found))


def _extraction(job: Job, found: Subjects) -> Subject:
    extraction = found.extractions.get(job.subject_id)
    if extraction is None:
        return NOWHERE
    url = resolve_url("extraction", extraction.pk)
    result = resolve_url("extraction-file", extraction.pk) if extraction.path else ""
    return Subject(url=url, label="Open the extraction", result=result)


def _fill(job: Job, found: Subjects) -> Subject:
    fill = found.fills.get(job.subject_id)
    if fill is None:
        return NOWHERE
    return Subject(url=resolve_url("collection", fill.collection_id), label="Open the collection")


def _describing(_job: Job, _found: Subjects) -> Subject:
    return Subject(url=resolve_url("search"), label="Search")


def _request(job: Job, found: Subjects) -> Subject:
    request = found.requests.get(job.id)
    version = request.version if request else None
    url = resolve_url("task", version.task_id) if version else ""
    return Subject(url=url, label="Open the task" if url else "", asked=_asked(job, found))


def _demo(_job: Job, _found: Subjects) -> Subject:
    return Subject(url=resolve_url("demo"), label="Open the demo")


def _transfer(job: Job, _: Subjects) -> Subject:
    url = resolve_url("transfer", job.subject_id)
    return Subject(
        url=url, label="Open the export" if job.kind == Job.Kind.EXPORT else "Open the import"
    )


def _link(_job: Job, _found: Subjects) -> Subject:
    return Subject(url=resolve_url("connections"), label="Open the connections")


def _asked(job: Job, found: Subjects) -> str:
    """Describe the asynchronous request of a job."""
    request = found.requests.get(job.id)
    if request is None:
        return ""
    return f"Request {request.pk} over the API{_of_version(request)}"


def _of_version(request: AsyncRequest) -> str:
    if request.version is not None:
        return f", task “{request.version.task.name}”, version {request.version.number}"
    return f", version {request.version_number}, deleted" if request.version_number else ""


def _nothing(_job: Job, _found: Subjects) -> Subject:
    return NOWHERE


LINKS: dict[Job.Kind, Callable[[Job, Subjects], Subject]] = {
    Job.Kind.UPLOAD: _upload,
    Job.Kind.PLAN: _upload,
    Job.Kind.DEMO: _demo,
    Job.Kind.UNDO: _upload,
    Job.Kind.TRAIN: _training,
    Job.Kind.EXTRACT: _extraction,
    Job.Kind.FILL: _fill,
    Job.Kind.EXPORT: _transfer,
    Job.Kind.IMPORT: _transfer,
    Job.Kind.DESCRIBE: _describing,
    Job.Kind.SEND: _link,
    Job.Kind.ASYNC_DESCRIPTOR: _request,
    Job.Kind.ASYNC_UPLOAD: _request,
    Job.Kind.ENCODER: _nothing,  # the installation's page, which not everybody may see
    Job.Kind.CLOSE: _nothing,
    Job.Kind.PULL: _link,
}
