"""The job that puts images into a collection."""

from dashboard.services.fills import run_fill
from dashboard.services.jobs import Handle


def fill(handle: Handle) -> str:
    """Put in the images that the job is about; returns the sentence of its outcome."""
    return run_fill(fill_id=handle.job.subject_id, handle=handle)
