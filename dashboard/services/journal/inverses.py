"""How changes are undone: one `Inverse` beside the service that undoes, found by its name.

`dashboard.services.inverses` collects them. It stands above all services, as the list of the kinds
of jobs does, and is found in the same way.
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
    """One way to undo changes: those whose `inverse` has its name.

    `undo` does it, at once or by a job, and records a change with `undoes`. `undoable` keeps the
    changes that it could undo now, by one query for a page. `needs_payload`: it reads `before`,
    `after` or `members`, so that it ends when they are pruned.
    """

    name: str
    undo: Callable[[Change, User], Job | None]
    undoable: Callable[[Workspace, Collection[Change]], Collection[int]]
    needs_payload: bool = True


def inverse_of(change: Change) -> Inverse | None:
    """Return how a change is undone, if it can be."""
    return _inverses().get(change.inverse)


def with_payload() -> list[str]:
    """Return the names of those that cannot undo a change whose payload is gone."""
    return [name for name, inverse in _inverses().items() if inverse.needs_payload]


@cache
def _inverses() -> Mapping[str, Inverse]:
    found: Mapping[str, Inverse] = import_string(LIST)
    return found
