"""Decide about a change that was refused or held: send it again, or withdraw it here."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.journal import record
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Image, Label, Link, Outgoing, Region, SimilarityType, Twin, TwinMember
from dashboard.queries.connections.outbox import find_here, outgoing_in_order
from dashboard.queries.connections.twins import find_twin
from dashboard.services.connections.fields import NOUNS
from dashboard.services.connections.links import request_pull
from dashboard.services.connections.outbox.cells import Cells, Members, Thing, cells_of
from dashboard.services.connections.outbox.errors import NoLongerWaits
from dashboard.services.connections.outbox.holding import release
from dashboard.services.connections.outbox.memberships import KINDS
from dashboard.services.connections.outbox.starting import start_send
from dashboard.services.library import groups, images, labels, nesting, regions, similarity_types
from dashboard.services.row_locks import lock_all
from dashboard.services.training import tasks

ROWS_AT_ONCE: Final = 20


def try_again(*, row: Outgoing) -> None:
    """Send a change once more, and whatever waits for it. Raises `NoLongerWaits`.

    It is sent with the token of who made it, also if somebody else asks.
    """
    with transaction.atomic():
        found = _held(row)
        found.state, found.problem = Outgoing.State.WAITING, ""
        found.save(update_fields=["state", "problem"])
        release(row.link)
    start_send(row.link)


@transaction.atomic
def discard_change(*, row: Outgoing, actor: User) -> None:
    """Set what a change touched to what both sides had, and send nothing of it.

    What the other server never had is deleted here, and what was deleted here is pulled again. All
    unsent changes of the same things are dropped. Raises `NoLongerWaits`, and the refusals of the
    services; then nothing is changed.
    """
    found, link = _held(row), row.link
    cells = list(cells_of(row.change, link))
    touched = {thing for one in cells for thing in _own(one)}
    _drop(link, found, touched)
    for one in cells:
        for cell in one.members:
            _restore_members(link, cell, actor)
    # Members before what they are in or on: a type with groups cannot be deleted.
    for noun, local_id in sorted(touched, key=lambda thing: ORDER.index(thing[0])):
        _restore(link, noun, local_id, actor)
    # The thing that the change names, too: of memberships it is none of those that are restored.
    if row.change.target_id is not None:
        touched.add((row.change.noun, row.change.target_id))
    for noun, local_id in touched:
        Twin.objects.filter(link=link, noun=noun, local_id=local_id).update(problem="")
    release(link)
    record(
        workspace=link.workspace,
        verb=Verb.DISCARDED_CHANGES,
        noun=row.change.noun,
        target_id=row.change.target_id,
        target_name=row.change.target_name,
        count=row.change.count,
        actor=actor,
    )


ORDER: Final = ("object", "image", "group", "task", "type", "label")


def _own(cells: Cells) -> list[Thing]:
    """Return the things that a change is about; members stay as they are, only where they are."""
    return [*cells.things, *cells.marks, *cells.deleted]


def _held(row: Outgoing) -> Outgoing:
    """Return the row, locked. Raises `NoLongerWaits` if it is gone, or about to be sent."""
    lock_all(Link.objects.filter(pk=row.link_id))
    rows = Outgoing.objects.filter(pk=row.pk).exclude(state=Outgoing.State.WAITING)
    found = next(iter(rows.select_for_update(of=("self",))), None)
    if found is None:
        raise NoLongerWaits
    return found


def _drop(link: Link, row: Outgoing, touched: set[Thing]) -> None:
    """Delete the row, and the unsent ones that are about the same things."""
    dropped = [row.pk]
    for other in outgoing_in_order(link, ROWS_AT_ONCE):
        own = {thing for cells in cells_of(other.change, link) for thing in _own(cells)}
        if own and own <= touched:
            dropped.append(other.pk)
    Outgoing.objects.filter(pk__in=dropped).delete()


def _restore_members(link: Link, cell: Members, actor: User) -> None:
    container = find_twin(link, cell.noun, cell.container)
    here = find_here(link, NOUNS[cell.noun].model, cell.container)
    if container is None or here is None:
        return  # a new one: it is deleted, or its own change still waits
    both_had = TwinMember.objects.filter(container=container, member__noun=cell.member)
    had = set(both_had.values_list("member__local_id", flat=True))
    kind = KINDS[cell.noun, cell.member]
    rows = kind.rows.objects.filter(**{kind.container: cell.container})
    have = set(rows.values_list(kind.member, flat=True))
    wanted = had | have if cell.ids is None else cell.ids
    put, remove = MOVES[cell.noun, cell.member]
    if removed := (have - had) & wanted:
        remove(here, removed, actor)
    if added := (had - have) & wanted:
        put(here, added, actor)


def _restore(link: Link, noun: str, local_id: UUID, actor: User) -> None:
    twin = find_twin(link, noun, local_id)
    row = find_here(link, NOUNS[noun].model, local_id)
    if row is None:
        if twin is not None:
            # Deleted here and still there: without a twin, the next pull brings it as a new one.
            twin.delete()
            request_pull(link=link, actor=actor)
    elif twin is None:
        DELETE[noun](row, actor)
    else:
        ours = NOUNS[noun].ours(row)
        changes = {
            name: twin.base[name] for name in ours if twin.base.get(name, ours[name]) != ours[name]
        }
        if changes:
            CHANGE[noun](row, _for_service(changes), actor)


def _for_service(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Replace ids by rows, as the services take them."""
    values = dict(changes)
    for name, model in (("similarity_type", SimilarityType), ("image", Image)):
        if name in values:
            values[name] = model.objects.get(pk=values[name])
    if "label" in values:
        values["label"] = Label.objects.get(pk=values["label"])
    if "box" in values:
        values["box"] = regions.Box(*values["box"])
    return values


def _delete_image(row: Image, actor: User) -> None:
    images.delete_images(workspace=row.workspace, ids=[row.pk], actor=actor)


def _delete_region(row: Region, actor: User) -> None:
    with suppress(Region.DoesNotExist):  # it was deleted with its image
        regions.delete_region(region=row, actor=actor)


DELETE: Final[Mapping[str, Callable[[Any, User], object]]] = {
    "label": lambda row, actor: labels.delete_label(label=row, force=True, actor=actor),
    "type": lambda row, actor: similarity_types.delete_type(
        similarity_type=row, force=True, actor=actor
    ),
    "image": _delete_image,
    "group": lambda row, actor: groups.delete_group(group=row, actor=actor),
    "object": _delete_region,
    "task": lambda row, actor: tasks.delete_task(task=row, actor=actor),
}
CHANGE: Final[Mapping[str, Callable[[Any, dict[str, Any], User], object]]] = {
    "label": lambda row, changes, actor: labels.change_label(
        label=row, changes=changes, actor=actor
    ),
    "type": lambda row, changes, actor: similarity_types.change_type(
        similarity_type=row, changes=changes, actor=actor
    ),
    "image": lambda row, changes, actor: images.change_image(
        image=row, changes=changes, actor=actor
    ),
    "group": lambda row, changes, actor: groups.change_group(
        group=row, changes=changes, actor=actor
    ),
    "object": lambda row, changes, actor: regions.change_region(
        region=row, changes=changes, actor=actor
    ),
    "task": lambda row, changes, actor: tasks.change_task(task=row, changes=changes, actor=actor),
}
Move = Callable[[Any, set[UUID], User], object]


def _set_types(task: Any, ids: set[UUID], actor: User, move: Callable[..., bool]) -> None:
    for one in SimilarityType.objects.filter(pk__in=ids):
        move(task=task, similarity_type=one, actor=actor)


MOVES: Final[Mapping[tuple[str, str], tuple[Move, Move]]] = {
    ("group", "image"): (
        lambda row, ids, actor: groups.add_images(group=row, ids=ids, actor=actor),
        lambda row, ids, actor: groups.remove_images(group=row, ids=ids, actor=actor),
    ),
    ("group", "object"): (
        lambda row, ids, actor: groups.add_regions(group=row, ids=ids, actor=actor),
        lambda row, ids, actor: groups.remove_regions(group=row, ids=ids, actor=actor),
    ),
    ("group", "group"): (
        lambda row, ids, actor: nesting.add_groups(group=row, ids=ids, actor=actor),
        lambda row, ids, actor: nesting.remove_groups(group=row, ids=ids, actor=actor),
    ),
    ("task", "type"): (
        lambda row, ids, actor: _set_types(row, ids, actor, tasks.add_type),
        lambda row, ids, actor: _set_types(row, ids, actor, tasks.remove_type),
    ),
}
