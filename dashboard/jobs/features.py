"""The job that looks at new images, so that search finds them."""

from dashboard.services.describing import run_describing
from dashboard.services.jobs import Handle


def describe(handle: Handle) -> str:
    """Look at the workspace's new images; returns the sentence of its outcome."""
    return run_describing(workspace=handle.job.workspace, handle=handle)
