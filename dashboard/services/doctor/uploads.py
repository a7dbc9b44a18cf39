"""Check pending uploads: stored files without a part or chunk, and chunks without bytes."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from dashboard.files.store import storage
from dashboard.files.store.entries import Entry
from dashboard.models import UploadChunk
from dashboard.queries.doctor.doctor import chunks_of, in_pages, wanted_upload_files
from dashboard.services.doctor.round import Finding, Round

FILES_AT_ONCE = 500


def uploads(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Compare the stored files of uploads with their rows."""
    # Looked up in batches: with millions of small pieces, one query each would be too many.
    while found := list(islice(entries, FILES_AT_ONCE)):
        by_name = {entry.name: entry for entry in found}
        for name in sorted(by_name.keys() - _wanted(list(by_name))):
            finding = _orphan(round_, workspace_id, by_name[name])
            if finding is not None:
                yield finding
    for chunk in in_pages(chunks_of(workspace_id)):
        if not storage.exists(chunk.path) and _still_wanted(round_, chunk):
            sentence = "Uploaded bytes are missing. Upload the file again."
            yield Finding("upload", f"{chunk.part.upload_id} {chunk.part.name}", sentence)


def _orphan(round_: Round, workspace_id: UUID, entry: Entry) -> Finding | None:
    return round_.orphan("upload", workspace_id, entry, lambda: bool(_wanted([entry.name])))


def _wanted(names: list[str]) -> set[str]:
    """Return the names that rows refer to. Names have the form `WORKSPACE/uploads/XX/UPLOAD/…`."""
    ids = {upload for name in names if (upload := _upload_of(name)) is not None}
    return wanted_upload_files(names, ids)


def _upload_of(name: str) -> UUID | None:
    try:
        return UUID(name.split("/")[3])
    except (ValueError, IndexError):
        return None


def _still_wanted(round_: Round, chunk: UploadChunk) -> bool:
    rows = UploadChunk.objects.filter(pk=chunk.pk, part__created__lt=round_.before)
    return rows.exclude(part__path="").exists()
