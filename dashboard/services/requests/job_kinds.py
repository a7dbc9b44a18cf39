"""Define the kinds of jobs that process asynchronous requests."""

from dashboard.models import Job
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.requests.async_records import close_request, run_descriptors
from dashboard.services.requests.async_uploads import run_uploads

ASYNC_DESCRIPTOR = JobKind(
    kind=Job.Kind.ASYNC_DESCRIPTOR,
    queue="extract",
    run=lambda handle: run_descriptors(request_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_request(request_id=job.subject_id),
    unit="records",
)
ASYNC_UPLOAD = JobKind(
    kind=Job.Kind.ASYNC_UPLOAD,
    queue="upload",
    run=lambda handle: run_uploads(request_id=handle.job.subject_id, handle=handle),
    close=lambda job: close_request(request_id=job.subject_id),
    unit="records",
)
