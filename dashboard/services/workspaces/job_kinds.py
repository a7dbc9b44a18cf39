"""Define the kind of job that deletes a closed workspace."""

from dashboard.models import Job
from dashboard.services.jobs.kinds import JobKind
from dashboard.services.workspaces.workspaces import remove_workspace

# Nobody waits for it, and it never returns: the job is deleted with the workspace.
CLOSE = JobKind(
    kind=Job.Kind.CLOSE,
    queue="upload",
    run=lambda handle: remove_workspace(workspace=handle.job.workspace, handle=handle),
    priority=-10,
    unit="rows",
)
