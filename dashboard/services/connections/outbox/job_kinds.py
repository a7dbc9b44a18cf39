"""Define the kind of job that sends changes to the other server of a link."""

from dashboard.models import Job
from dashboard.services.connections.outbox.sending import run_send
from dashboard.services.jobs.kinds import JobKind

# No retry: what waits is sent by the next job, which starts by itself.
SEND = JobKind(
    kind=Job.Kind.SEND,
    queue="upload",
    run=lambda handle: run_send(link_id=handle.job.subject_id, handle=handle),
    unit="changes",
)
