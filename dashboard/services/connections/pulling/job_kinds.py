"""Define the kind of jobs that pull from another server."""

from accounts.models import User
from dashboard.models import Job, Link
from dashboard.queries.connections.twins import can_pull_again
from dashboard.services.connections.links import request_pull
from dashboard.services.connections.pulling.pull import close_pull, run_pull
from dashboard.services.jobs.kinds import JobKind


def _pull_again(job: Job, actor: User) -> Job:
    return request_pull(link=Link.objects.get(pk=job.subject_id), actor=actor)


PULL = JobKind(
    kind=Job.Kind.PULL,
    queue="upload",
    run=lambda handle: run_pull(link_id=handle.job.subject_id, handle=handle),
    close=close_pull,
    may_retry=can_pull_again,
    retry=_pull_again,
    leaves_failures=True,
)
