"""Check temporary files: unfinished files in the storage, and working folders of processes."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from dashboard.files.store import storage
from dashboard.files.store.entries import Entry
from dashboard.services.doctor.round import Finding, Round
from dashboard.services.search.kept_queries import HOUR

DAY = 24 * 3600.0


def temporary(round_: Round, older_than: float) -> Iterator[Finding]:
    """Find temporary files that killed processes left, locally and in the storage."""
    for path in _left_behind(older_than):
        if round_.mend:
            _remove(path)
        sentence = "Left behind by a process that was killed."
        yield Finding("temporary", str(path), sentence, mended=round_.mend)
    count = storage.count_unfinished(older_than)
    if count:
        if round_.mend:
            storage.remove_unfinished(older_than)
        sentence = "Files that were never finished; no page shows them."
        yield Finding("temporary", f"{count:,} in the storage", sentence, mended=round_.mend)


def queries(round_: Round, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Find query images older than one hour that no sweep has deleted."""
    for entry in entries:
        if entry.modified > min(round_.stored_before, time.time() - HOUR):
            continue
        if round_.mend:
            storage.delete(entry.name)
        sentence = "A query image older than one hour."
        yield Finding("query", entry.name, sentence, mended=round_.mend)


def remove_temporary(older_than: float = DAY) -> int:
    """Delete temporary files older than `older_than` seconds and return their number.

    No work takes a day without writing a file.
    """
    removed = storage.remove_unfinished(older_than)
    for path in _left_behind(older_than):
        _remove(path)
        removed += 1
    return removed


def _left_behind(older_than: float) -> Iterator[Path]:
    """Yield temporary files and folders in which nothing was written for `older_than` seconds."""
    before = time.time() - older_than
    for path in sorted(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*")):
        with contextlib.suppress(FileNotFoundError):
            # The newest file inside: writing into a file does not change the time of its folder.
            newest = max(one.stat().st_mtime for one in (path, *path.rglob("*")))
            if newest < before:
                yield path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
