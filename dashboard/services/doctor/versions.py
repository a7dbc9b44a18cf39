"""Check trained versions and encoders: files without a row, and rows without files."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from dashboard.engine import artifacts
from dashboard.engine.custom import artifact
from dashboard.files.store import paths, storage
from dashboard.files.store.entries import Entry
from dashboard.models import Encoder
from dashboard.queries.doctor.doctor import has_version, in_pages, ready_encoders, trained_versions
from dashboard.services.doctor.round import Finding, Round

VERSION_FILES = (artifacts.ARRAYS, artifacts.MANIFEST)


def versions(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Compare stored versions with their rows: `WORKSPACE/versions/TASK/NUMBER/FILE`."""
    for entry in entries:
        # One query per file: a workspace has few versions, each with three files.
        if not _is_known(workspace_id, entry):
            is_known = partial(_is_known, workspace_id, entry)
            finding = round_.orphan("version", workspace_id, entry, is_known)
            if finding is not None:
                yield finding
    for version in in_pages(trained_versions(workspace_id).select_related("task")):
        if version.trained < round_.before and not _are_there(version.artifact, VERSION_FILES):
            sentence = "Its files are missing. Restore them from a backup, or train the task again."
            yield Finding("version", f"{version.pk} {version}", sentence)


def encoder_files(round_: Round, key: str, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Find the files of encoders that are not registered: `encoders/KEY/FILE`."""
    for entry in entries:
        if entry.modified > round_.stored_before or Encoder.objects.filter(key=key).exists():
            continue
        if round_.mend:
            storage.delete(entry.name)
        sentence = "No encoder uses this file."
        yield Finding("encoder", entry.name, sentence, mended=round_.mend)


def encoders(round_: Round) -> Iterator[Finding]:
    """Find encoders that are ready but whose files are missing."""
    for encoder in in_pages(ready_encoders().filter(created__lt=round_.before)):
        if not _are_there(paths.encoder(encoder.key), artifact.FILES):
            sentence = (
                "Its files are missing. Restore them from a backup, or delete the encoder and "
                "register it again."
            )
            yield Finding("encoder", f"{encoder.pk} {encoder}", sentence)


def _is_known(workspace_id: UUID, entry: Entry) -> bool:
    try:
        _, _, task, number, _ = entry.name.split("/")
        return has_version(workspace_id, UUID(task), int(number))
    except ValueError:
        return False


def _are_there(folder: str, files: tuple[str, ...]) -> bool:
    return all(storage.exists(f"{folder}/{file}") for file in files)
