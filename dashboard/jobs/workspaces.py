"""The job that removes what was in a closed workspace."""

from typing import NoReturn

from dashboard.services.jobs import Handle
from dashboard.services.workspaces import remove_workspace


def remove(handle: Handle) -> NoReturn:
    """Remove the job's workspace, and with it the job: it never returns."""
    remove_workspace(workspace=handle.job.workspace, handle=handle)
