"""The kind of job that puts images into a collection."""

from dashboard.models import Job
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.search.fills import run_fill

FILL = JobKind(
    kind=Job.Kind.FILL,
    queue="extract",
    run=lambda handle: run_fill(fill_id=handle.job.subject_id, handle=handle),
)
