"""The job that brings uploaded files in."""

from dashboard.services.jobs import Handle
from dashboard.services.uploads import run_upload


def import_upload(handle: Handle) -> str:
    """Bring in what the upload still has waiting; returns the sentence of its outcome."""
    return run_upload(upload_id=handle.job.subject_id, handle=handle)
