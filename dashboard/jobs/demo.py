"""The job that draws the demo."""

from dashboard.services.demo import run_demo
from dashboard.services.jobs import Handle


def draw(handle: Handle) -> str:
    """Draw the demo of the job's workspace; returns the sentence of its outcome."""
    return run_demo(workspace=handle.job.workspace, handle=handle)
