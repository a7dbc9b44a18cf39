"""The job that trains a version."""

from dashboard.services.jobs import Handle
from dashboard.services.training import run_training


def train(handle: Handle) -> str:
    """Train the version that the job is about; returns the sentence of its outcome."""
    return run_training(version_id=handle.job.subject_id, handle=handle)
