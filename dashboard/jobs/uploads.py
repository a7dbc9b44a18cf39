"""The jobs of an upload: look it through, bring it in, take it back."""

from dashboard.services.jobs import Handle
from dashboard.services.upload_plans import run_plan
from dashboard.services.upload_undo import run_undo
from dashboard.services.uploads import run_upload


def look_through(handle: Handle) -> str:
    """Say of every file what would become of it; returns the sentence of its outcome."""
    return run_plan(upload_id=handle.job.subject_id, handle=handle)


def import_upload(handle: Handle) -> str:
    """Bring in what the upload still has waiting; returns the sentence of its outcome."""
    return run_upload(upload_id=handle.job.subject_id, handle=handle)


def take_back(handle: Handle) -> str:
    """Undo what the upload brought in; returns the sentence of its outcome."""
    return run_undo(upload_id=handle.job.subject_id, handle=handle)
