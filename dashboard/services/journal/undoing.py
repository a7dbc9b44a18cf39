"""Undo a change by its inverse, and list which changes can be undone."""

from collections import defaultdict
from collections.abc import Iterable

from accounts.models import Change, User, Workspace
from dashboard.models import Job
from dashboard.services.errors import CannotBeUndone
from dashboard.services.journal.inverses import Inverse, inverse_of


def undo_change(*, change: Change | None, actor: User) -> Job | None:
    """Undo a change; return the job that does it, or None if it is already done.

    Raises `CannotBeUndone`, and the errors of its inverse. The undo is a change of its own.
    """
    inverse = inverse_of(change) if change else None
    if change is None or inverse is None or change.undone_by.exists():
        raise CannotBeUndone
    return inverse.undo(change, actor)


def undoable(workspace: Workspace, changes: Iterable[Change]) -> set[int]:
    """Return the ids of changes that can be undone now, with one query for each inverse."""
    by_inverse: defaultdict[Inverse, list[Change]] = defaultdict(list)
    for change in changes:
        inverse = inverse_of(change)
        if inverse is not None:
            by_inverse[inverse].append(change)
    return {pk for inverse, some in by_inverse.items() for pk in inverse.undoable(workspace, some)}
