"""Merge pages of labels, types, groups, regions and tasks with the rows here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from dashboard.models import Image, Label, SimilarityType, Twin
from dashboard.models.bulk import update_rows
from dashboard.queries.connections.twins import twins_there
from dashboard.services.connections.fields import GROUP, LABEL, OBJECT, TYPE, Noun, Values
from dashboard.services.connections.merging import Merged, merge
from dashboard.services.connections.pulling.passing import (
    Pull,
    add_twins,
    known_ids,
    new_base,
    new_ids,
    not_later,
    portions,
)
from dashboard.services.errors import AlreadyInExclusiveType, InSeveralGroups
from dashboard.services.library.groups import count_groups, move_to_type
from dashboard.services.library.similarity_types import set_exclusive
from dashboard.services.row_locks import lock_all

_UNDER_WORKSPACE: Final = (LABEL, TYPE, GROUP)


@dataclass(frozen=True)
class Met:
    """A thing here, its twin, and its fields on the other server."""

    twin: Twin
    row: Any
    theirs: Values


def pull_rows(pull: Pull, noun: Noun, rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Merge all rows of a noun, and yield each page once it is committed."""
    for page in portions(rows):
        pull.seen.add(noun.name, [row.id for row in page])
        merge_page(pull, noun, page)
        pull.tick()
        yield page


def merge_page(pull: Pull, noun: Noun, page: Sequence[Any]) -> None:
    """Merge rows of the other server with those here, and create those that have no twin."""
    with pull.writing(step=f"Reading {noun.plural}"):
        twins = twins_there(pull.link, noun.name, [row.id for row in page])
        known = known_ids(pull.link, chain.from_iterable(map(noun.refers, page)))
        theirs = {row.id: noun.theirs(row, known) for row in page}
        sizes = _hold(pull, noun, theirs, twins)
        rows = _locked(pull, noun, [twin.local_id for twin in twins.values()])
        new = [row for row in page if row.id not in twins]
        joined = _joined(pull, noun, new, theirs) if noun is LABEL else []
        # A twin without a row: it was deleted here, and the other side has yet to hear of it. One
        # with a problem is left to the person who decides about it.
        met = [
            Met(twin, rows[twin.local_id], theirs[remote_id])
            for remote_id, twin in twins.items()
            if twin.local_id in rows and not twin.problem
        ]
        save_merged(pull, noun, [*met, *joined], sizes)
        taken = {one.twin.remote_id for one in joined}
        _create(pull, noun, [row for row in new if row.id not in taken], theirs, sizes)


def _locked(pull: Pull, noun: Noun, ids: Iterable[UUID]) -> dict[UUID, Any]:
    rows = noun.model.objects.filter(workspace=pull.workspace, pk__in=list(ids))
    return {row.pk: row for row in lock_all(rows)}


def _hold(
    pull: Pull, noun: Noun, theirs: Mapping[str, Values], twins: Mapping[str, Twin]
) -> dict[str, tuple[int, int]]:
    """Lock what comes before a noun's own rows; return the sizes of the images of regions."""
    if noun in _UNDER_WORKSPACE:
        lock_all(Workspace.objects.filter(pk=pull.workspace.pk))
    if noun is GROUP and _changes_types(theirs, twins):
        # Types before groups: their counters change, and memberships copy what they say.
        lock_all(SimilarityType.objects.in_workspace(pull.workspace))
    if noun is not OBJECT:
        return {}
    ids = {values["image"] for values in theirs.values() if "image" in values}
    images = lock_all(Image.objects.present().filter(pk__in=ids).only("id", "width", "height"))
    labels = {values["label"] for values in theirs.values() if "label" in values}
    lock_all(Label.objects.filter(pk__in=labels).only("id"))
    return {str(image.pk): (image.width, image.height) for image in images}


def _changes_types(theirs: Mapping[str, Values], twins: Mapping[str, Twin]) -> bool:
    return any(
        remote_id not in twins
        or values.get("similarity_type") != twins[remote_id].base.get("similarity_type")
        for remote_id, values in theirs.items()
    )


def _joined(pull: Pull, noun: Noun, new: Sequence[Any], theirs: Mapping[str, Values]) -> list[Met]:
    """Return the labels here that have the name of a new one there, and no twin yet."""
    names = {theirs[row.id]["name"] for row in new}
    here = noun.model.objects.filter(workspace=pull.workspace, name__in=names)
    twins = Twin.objects.filter(link=pull.link, noun=noun.name)
    free = lock_all(here.exclude(pk__in=twins.values("local_id")))
    by_name = {row.name: row for row in sorted(free, key=lambda row: row.created, reverse=True)}
    found = []
    for row in new:
        label = by_name.pop(theirs[row.id]["name"], None)
        if label is not None:
            twin = Twin(link=pull.link, noun=noun.name, local_id=label.pk, remote_id=row.id)
            found.append(Met(twin, label, theirs[row.id]))
    return found


def save_merged(
    pull: Pull,
    noun: Noun,
    met: Sequence[Met],
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> None:
    """Merge locked rows with the other side's fields, and write what differs: rows and twins."""
    changed, bases = [], []
    for one in met:
        merged = merge(one.twin.base, noun.ours(one.row), one.theirs)
        take = _settled(pull, noun, one, merged, sizes or {})
        if take:
            before = {name: value for name, value in merged.lost.items() if name in take}
            noun.put(one.row, take)
            one.row.modified = timezone.now()
            changed.append(one.row)
            pull.counts[noun.plural] += 1
            if before:
                after = {name: take[name] for name in before}
                pull.overruled(noun.name, one.row.pk, str(one.row), before, after)
        kept = merged.send.keys() | (merged.take.keys() - take.keys())
        base = new_base(one.twin.base, one.theirs, kept)
        if base != one.twin.base or one.twin.pk is None:
            one.twin.base = base
            bases.append(one.twin)
    update_rows(changed, noun.columns)
    update_rows([twin for twin in bases if twin.pk is not None], ["base"])
    add_twins([twin for twin in bases if twin.pk is None])


def _settled(
    pull: Pull, noun: Noun, one: Met, merged: Merged, sizes: Mapping[str, tuple[int, int]]
) -> Values:
    """Return the fields that can be taken now, with what their change entails done."""
    take = dict(merged.take)
    if noun is TYPE and "exclusive" in take and not _exclusive(one.row, take["exclusive"]):
        pull.postponed.add("type")
        del take["exclusive"]
    if noun is GROUP and "similarity_type" in take and not _moved(one.row, take["similarity_type"]):
        pull.postponed.add("group")
        del take["similarity_type"]
    if noun is OBJECT and {"box", "image"} & take.keys():
        values = noun.ours(one.row) | take
        if not _fits(values["box"], sizes.get(values["image"])):
            pull.fail(noun.plural, "A region there lies outside its image here.")
            take = {name: value for name, value in take.items() if name not in ("box", "image")}
    return take


def _exclusive(row: SimilarityType, exclusive: bool) -> bool:  # noqa: FBT001
    try:
        with transaction.atomic():
            set_exclusive(row, exclusive=exclusive)
    except InSeveralGroups:
        return False
    return True


def _moved(row: Any, type_id: str) -> bool:
    try:
        with transaction.atomic():
            move_to_type(row, SimilarityType.objects.get(pk=type_id))
    except AlreadyInExclusiveType:
        return False
    return True


def _fits(box: Sequence[int], size: tuple[int, int] | None) -> bool:
    if size is None:
        return False
    left, top, right, bottom = box
    return 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]


def _create(
    pull: Pull,
    noun: Noun,
    new: Sequence[Any],
    theirs: Mapping[str, Values],
    sizes: Mapping[str, tuple[int, int]],
) -> None:
    """Create the rows of things that have no twin, with the time of the other side."""
    ids = new_ids(pull.link, noun, [row.id for row in new])
    made, twins = [], []
    for row in new:
        values = theirs[row.id]
        if refusal := _lacking(noun, values, sizes):
            pull.fail(noun.plural, refusal)
            continue
        thing = noun.model(id=ids[row.id], workspace=pull.workspace, created=not_later(row.created))
        noun.put(thing, values)
        made.append(thing)
        twins.append(
            Twin(
                link=pull.link,
                noun=noun.name,
                local_id=thing.pk,
                remote_id=row.id,
                base=values,
            )
        )
    if noun is GROUP:
        for type_id, count in Counter(group.similarity_type_id for group in made).items():
            count_groups(type_id, count)
    noun.model.objects.bulk_create(made)
    add_twins(twins)
    pull.counts[noun.plural] += len(made)


def _lacking(noun: Noun, values: Values, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return why a thing cannot be created yet; empty if it can."""
    if noun is GROUP and "similarity_type" not in values:
        return "A group belongs to a type that was created while types were read."
    if noun is not OBJECT:
        return ""
    if "image" not in values or "label" not in values or values["image"] not in sizes:
        return "A region belongs to an image or a label that is not here."
    if not _fits(values["box"], sizes[values["image"]]):
        return "A region there lies outside its image here."
    return ""
