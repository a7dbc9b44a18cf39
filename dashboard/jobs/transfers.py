"""The jobs that write a workspace into an archive and bring one in."""

from dashboard.services.exporting import run_export
from dashboard.services.importing import run_import
from dashboard.services.jobs import Handle


def export_workspace(handle: Handle) -> str:
    """Write the archive that the job is about; returns the sentence of its outcome."""
    return run_export(transfer_id=handle.job.subject_id, handle=handle)


def import_workspace(handle: Handle) -> str:
    """Bring in the archive that the job is about; returns the sentence of its outcome."""
    return run_import(transfer_id=handle.job.subject_id, handle=handle)
