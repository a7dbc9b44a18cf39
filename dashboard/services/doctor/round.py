"""Define what the checkers of the doctor share: findings, and which files may be touched."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dashboard.files.store import storage
from dashboard.files.store.entries import Entry
from dashboard.queries.doctor.doctor import busy_since


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, described in a sentence, and whether it was fixed."""

    noun: str
    name: str
    sentence: str
    mended: bool = False


@dataclass(frozen=True)
class Round:
    """One run over the installation; anything written after `before` is left alone."""

    mend: bool
    before: datetime
    stored_before: float

    def spares(self, workspace_id: UUID, entry: Entry) -> bool:
        """Return whether a file is too young to be checked or may belong to a running job."""
        if entry.modified > self.stored_before:
            return True
        # A job stores files first and writes its row at the end: any file newer than it may be its
        # own.
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
        """Report a stored file without a row, or return None if it is spared or needed after all.

        `remove` returns whether it deleted the file. Without it, the file is simply deleted.
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
