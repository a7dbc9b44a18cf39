"""The jobs that work off what was asked for over the API."""

from dashboard.services.async_records import run_descriptors
from dashboard.services.async_uploads import run_uploads
from dashboard.services.jobs import Handle


def describe_records(handle: Handle) -> str:
    """Describe the request's records; returns the sentence of its outcome."""
    return run_descriptors(request_id=handle.job.subject_id, handle=handle)


def upload_records(handle: Handle) -> str:
    """Bring the request's pictures in; returns the sentence of its outcome."""
    return run_uploads(request_id=handle.job.subject_id, handle=handle)
