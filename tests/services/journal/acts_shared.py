"""What several acts begin with."""

from dataclasses import dataclass
from typing import Any

from accounts.journal import unpack
from accounts.models import Change
from dashboard.services.library import groups
from dashboard.services.training import tasks
from tests import factories as make
from tests.factories import Cast


@dataclass(frozen=True)
class Carried:
    """What the change of an act has to carry: how many members, and the names of the values."""

    members: int | None = None
    before: frozenset[str] | None = None
    after: frozenset[str] | None = None


def carries(
    members: int | None = None, before: str | None = None, after: str | None = None
) -> Carried:
    """Return what a change carries; the names of the values stand between spaces."""
    return Carried(members, _names(before), _names(after))


def changes(names: str, members: int | None = None) -> Carried:
    """Return what a change of these values carries."""
    return carries(members, names, names)


def carried_by(change: Change) -> Carried:
    members = None if change.members is None else len(unpack(change.members))
    before, after = change.before, change.after
    return Carried(
        members,
        None if before is None else frozenset(before),
        None if after is None else frozenset(after),
    )


def _names(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())


def ready(cast: Cast) -> Any:
    """Make a task that can be trained."""
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    for number in range(2):
        group = make.make_group(kind, f"group {number}")
        seeds = (2 * number, 2 * number + 1)
        ids = [make.make_image(cast.workspace, seed).pk for seed in seeds]
        groups.add_images(group=group, ids=ids, actor=cast.bob)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    return task
