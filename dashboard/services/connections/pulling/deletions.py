"""Delete here what was deleted on the other server."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from django.db import transaction

from accounts.models import Workspace
from dashboard.models import (
    Group,
    Image,
    Label,
    Region,
    SimilarityType,
    Task,
    Twin,
)
from dashboard.queries.connections.twins import twins_after
from dashboard.queries.library.images import images_in
from dashboard.remote import NotFound, Server
from dashboard.services.connections.fields import NOUNS
from dashboard.services.connections.pulling.passing import ROWS_AT_ONCE, Pull
from dashboard.services.errors import UsedByCollections
from dashboard.services.library.groups import discard_groups_of_types
from dashboard.services.library.images import delete_files_of, discard_images
from dashboard.services.library.regions import discard_regions
from dashboard.services.library.similarity_types import drop_work_on_types
from dashboard.services.row_locks import lock_all
from dashboard.services.training.versions import check_unused, drop_versions
from dashboard.services.workspaces.usage import hold_images

# In this order a thing is deleted before those that it refers to.
ORDER: Final = ("object", "task", "group", "image", "type", "label")


def read_one(server: Server, noun: str, remote_id: str) -> Any:
    """Return one thing as it is there. Raises `NotFound`."""
    readers: Mapping[str, Callable[[str], Any]] = {
        "object": server.region,
        "task": server.task,
        "group": lambda one: server.group_members(one).group,
        "image": server.image,
        "type": server.similarity_type,
        "label": server.label,
    }
    return readers[noun](remote_id)


def pull_deletions(pull: Pull) -> None:
    """Delete what no list had and what the server, asked for it, says does not exist.

    Twins that are newer than the pull may have been missing when their list was read.
    """
    for noun in ORDER:
        last = 0
        while twins := twins_after(pull.link, noun, last, ROWS_AT_ONCE):
            last = twins[-1].pk
            missing = pull.seen.missing(noun, [twin.remote_id for twin in twins])
            suspects = [
                twin
                for twin in twins
                if twin.remote_id in missing and twin.created < pull.began and not twin.problem
            ]
            gone = [twin for twin in suspects if _is_gone(pull, twin)]
            if gone:
                delete_here(pull, noun, gone)
            pull.tick()


def _is_gone(pull: Pull, twin: Twin) -> bool:
    pull.tick()
    try:
        read_one(pull.server, twin.noun, twin.remote_id)
    except NotFound:
        return True
    return False


def delete_here(pull: Pull, noun: str, twins: Sequence[Twin]) -> None:
    """Delete things here, whatever changed in them meanwhile, and their twins."""
    with pull.writing(step="Deleting what was deleted there"):
        held = lock_all(Twin.objects.filter(pk__in=[twin.pk for twin in twins]))
        held = [twin for twin in held if not (noun == "task" and _is_in_use(pull, twin))]
        _tell_lost(pull, noun, held)
        count = DISCARD[noun](pull, [twin.local_id for twin in held])
        Twin.objects.filter(pk__in=[twin.pk for twin in held]).delete()
        pull.counts["deleted"] += count


def _is_in_use(pull: Pull, twin: Twin) -> bool:
    """Return whether collections here use versions of a task; then it stays, and is told."""
    task = Task.objects.in_workspace(pull.workspace).filter(pk=twin.local_id).first()
    try:
        if task is not None:
            check_unused(task, list(task.versions.all()))
    except UsedByCollections as refusal:
        pull.fail("tasks", str(refusal))
        return True
    return False


def _tell_lost(pull: Pull, noun: str, twins: Sequence[Twin]) -> None:
    """Tell what was changed here and not sent yet, of things that are deleted."""
    kind = NOUNS[noun]
    rows = kind.model.objects.filter(workspace=pull.workspace).in_bulk(
        [twin.local_id for twin in twins]
    )
    for twin in twins:
        row = rows.get(twin.local_id)
        if row is None:
            continue
        ours = {name: one for name, one in kind.ours(row).items() if name in twin.base}
        lost = {name: one for name, one in ours.items() if one != twin.base[name]}
        if lost:
            pull.overruled(noun, row.pk, str(row), lost, {"deleted": True})


def _regions(pull: Pull, ids: Sequence[Any]) -> int:
    rows = Region.objects.in_workspace(pull.workspace).filter(pk__in=ids)
    count = rows.count()
    discard_regions(rows)
    return count


def _groups(pull: Pull, ids: Sequence[Any]) -> int:
    lock_all(Workspace.objects.filter(pk=pull.workspace.pk))
    return discard_groups_of_types(Group.objects.in_workspace(pull.workspace).filter(pk__in=ids))


def _images(pull: Pull, ids: Sequence[Any]) -> int:
    hold_images(pull.workspace.pk)
    rows: list[Image] = lock_all(images_in(pull.workspace).filter(pk__in=ids))
    discard_images(rows)
    transaction.on_commit(partial(delete_files_of, [row.pk for row in rows]))
    return len(rows)


def _types(pull: Pull, ids: Sequence[Any]) -> int:
    lock_all(Workspace.objects.filter(pk=pull.workspace.pk))
    rows = lock_all(SimilarityType.objects.in_workspace(pull.workspace).filter(pk__in=ids))
    drop_work_on_types(rows)
    # Groups that were created here meanwhile, too: their type does not exist there any more.
    discard_groups_of_types(Group.objects.filter(similarity_type__in=rows))
    SimilarityType.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _labels(pull: Pull, ids: Sequence[Any]) -> int:
    rows = lock_all(Label.objects.in_workspace(pull.workspace).filter(pk__in=ids))
    discard_regions(Region.objects.filter(label__in=rows))
    Label.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _tasks(pull: Pull, ids: Sequence[Any]) -> int:
    rows = lock_all(Task.objects.in_workspace(pull.workspace).filter(pk__in=ids))
    for row in rows:
        drop_versions(list(row.versions.all()))
    Task.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


DISCARD: Final[Mapping[str, Callable[[Pull, Sequence[Any]], int]]] = {
    "object": _regions,
    "task": _tasks,
    "group": _groups,
    "image": _images,
    "type": _types,
    "label": _labels,
}
