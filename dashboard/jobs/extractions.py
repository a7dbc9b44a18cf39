"""The job that describes many images into a file."""

from dashboard.services.extraction_runs import run_extraction
from dashboard.services.jobs import Handle


def extract(handle: Handle) -> str:
    """Write the extraction that the job is about; returns the sentence of its outcome."""
    return run_extraction(extraction_id=handle.job.subject_id, handle=handle)
