"""The job that prepares a registered encoder."""

from dashboard.services.encoders import run_preparing
from dashboard.services.jobs import Handle


def prepare(handle: Handle) -> str:
    """Make the encoder ready; returns the sentence of the outcome."""
    return run_preparing(encoder_id=handle.job.subject_id, handle=handle)
