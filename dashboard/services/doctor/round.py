"""What the checkers of the doctor share: what a finding is, and what may be touched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dashboard.files.store import storage
from dashboard.files.store.entries import Entry
from dashboard.queries.doctor.doctor import busy_since


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, in words, and whether it was fixed."""

    noun: str
    name: str
    sentence: str
    mended: bool = False


@dataclass(frozen=True)
class Round:
    """One go through the installation; what was written after `before` is left alone."""

    mend: bool
    before: datetime
    stored_before: float

    def spares(self, workspace_id: UUID, entry: Entry) -> bool:
        """Say whether a file is too young to be judged, or perhaps of a job that runs."""
        if entry.modified > self.stored_before:
            return True
        # A job stores first and writes its row at the end: what is younger than it may be its own.
        since = busy_since(workspace_id)
        return since is not None and entry.modified > since.timestamp()

    def orphan(
        self,
        noun: str,
        workspace_id: UUID,
        entry: Entry,
        is_wanted: Callable[[], bool],
        remove: Callable[[], bool] | None = None,
    ) -> Finding | None:
        """Judge a stored file without a row: None if it is spared, or wanted after all.

        `remove` says whether it removed it; without one the file is simply deleted.
        """
        if self.spares(workspace_id, entry) or is_wanted():
            return None
        if not self.mend:
            return Finding(noun, entry.name, "No row refers to this file. It can be deleted.")
        if remove is None:
            storage.delete(entry.name)
        elif not remove():
            return None
        return Finding(
            noun, entry.name, "No row referred to this file. It was deleted.", mended=True
        )
