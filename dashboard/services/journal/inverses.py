"""Define how changes are undone: one `Inverse` beside the service that undoes, loaded by its name.

`dashboard.services.inverses` collects them. It imports all services, as the list of the kinds of
jobs does, and is loaded in the same way.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache

from django.utils.module_loading import import_string

from accounts.models import Change, User, Workspace
from dashboard.models import Job

LIST = "dashboard.services.inverses.INVERSES"


@dataclass(frozen=True)
class Inverse:
    """One way to undo changes: those whose `inverse` is its name.

    `undo` undoes a change, at once or by a job, and records a change with `undoes`. `undoable`
    returns the ids of the changes that it can undo now, with one query for a page. `needs_payload`:
    it reads `before`, `after` or `members`, so it cannot undo once they are pruned.
    """

    name: str
    undo: Callable[[Change, User], Job | None]
    undoable: Callable[[Workspace, Collection[Change]], Collection[int]]
    needs_payload: bool = True


def inverse_of(change: Change) -> Inverse | None:
    """Return how a change is undone, or None."""
    return _inverses().get(change.inverse)


def with_payload() -> list[str]:
    """Return the names of the inverses that need the payload of a change."""
    return [name for name, inverse in _inverses().items() if inverse.needs_payload]


@cache
def _inverses() -> Mapping[str, Inverse]:
    found: Mapping[str, Inverse] = import_string(LIST)
    return found
