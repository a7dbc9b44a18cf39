"""Find, and fix, what a killed process, a full disk or a lost file can leave behind.

It may run while the installation is in use. It ignores files younger than `older_than` seconds, and
those younger than the oldest unfinished job of their workspace, which may still use them. Each
finding is checked again with its row locked before anything is changed.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from django.utils import timezone

from accounts.models import Workspace
from dashboard.files.store import paths, storage
from dashboard.files.store.entries import Entry
from dashboard.queries.doctor.doctor import in_pages, is_being_removed
from dashboard.services.doctor import colours as doctor_colours
from dashboard.services.doctor import images as doctor_images
from dashboard.services.doctor import results as doctor_results
from dashboard.services.doctor import rows as doctor_rows
from dashboard.services.doctor import temporary as doctor_temporary
from dashboard.services.doctor import uploads as doctor_uploads
from dashboard.services.doctor import usage as doctor_usage
from dashboard.services.doctor import versions as doctor_versions
from dashboard.services.doctor.round import Finding, Round

# Younger files may belong to a request or a job that has not yet written its rows.
LEAST_AGE = 3600.0
ENCODERS = "encoders"
QUERIES = paths.queries()

_OF_WORKSPACE: dict[str, Callable[[Round, UUID, Iterator[Entry]], Iterator[Finding]]] = {
    "images": doctor_images.images,
    "thumbnails": doctor_images.thumbnails,
    "uploads": doctor_uploads.uploads,
    "versions": doctor_versions.versions,
    "extractions": doctor_results.extractions,
    "requests": doctor_results.requests,
    "transfers": doctor_results.transfers,
}


def examine(*, mend: bool, older_than: float = LEAST_AGE) -> Iterator[Finding]:
    """Yield what is wrong; with `mend`, fix it if that is possible.

    Raises `StorageAway` if the files cannot be listed.
    """
    round_ = Round(
        mend=mend,
        before=timezone.now() - timedelta(seconds=older_than),
        stored_before=time.time() - older_than,
    )
    # Jobs and subjects first: closing them may leave files without rows, which are found below.
    yield from doctor_rows.jobs(round_)
    yield from doctor_rows.unfinished_subjects(round_)
    yield from doctor_rows.counters(round_)
    yield from doctor_usage.usages(round_)
    yield from _files(round_)
    yield from doctor_usage.disk()
    yield from doctor_temporary.temporary(round_, older_than)


def _files(round_: Round) -> Iterator[Finding]:
    """Check all stored files, folder by folder, then the rows whose folder does not exist."""
    seen: set[tuple[str, str]] = set()
    # One listing of the whole storage, sorted by name, so that a bucket is listed only once.
    for (home, noun), entries in groupby(storage.entries(), key=_folder):
        seen.add((home, noun))
        workspace_id = _as_uuid(home)
        if home == ENCODERS:
            yield from doctor_versions.encoder_files(round_, noun, entries)
        elif home == QUERIES:
            yield from doctor_temporary.queries(round_, entries)
        elif workspace_id is None or noun not in _OF_WORKSPACE:
            yield from _strangers(entries)
        # The closing job deletes files and rows in its own order; both look wrong meanwhile.
        elif not is_being_removed(workspace_id):
            yield from _OF_WORKSPACE[noun](round_, workspace_id, entries)
    for workspace in in_pages(Workspace.objects.only("pk")):
        for noun, check in _OF_WORKSPACE.items():
            # A folder without files is not in the listing; its rows would not be checked.
            if (str(workspace.pk), noun) not in seen and not is_being_removed(workspace.pk):
                yield from check(round_, workspace.pk, iter(()))
        if not is_being_removed(workspace.pk):
            yield from doctor_colours.colours(round_, workspace.pk)
    yield from doctor_versions.encoders(round_)


def _folder(entry: Entry) -> tuple[str, str]:
    home, _, rest = entry.name.partition("/")
    return home, rest.partition("/")[0]


def _as_uuid(text: str) -> UUID | None:
    try:
        # `UUID` also accepts other spellings, which Likewise never writes.
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _strangers(entries: Iterator[Entry]) -> Iterator[Finding]:
    """Report files that Likewise did not write, and leave them in place."""
    for entry in entries:
        yield Finding(
            "file", entry.name, "This file does not belong to Likewise. It is left in place."
        )
