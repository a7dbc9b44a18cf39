"""What a change carries is read back as it was written, and says what really changed."""

import json
from typing import Any
from uuid import uuid4

import pytest

from accounts.journal import pack, unpack
from accounts.models import Change
from dashboard.services.journal import payloads
from dashboard.services.journal.payloads import (
    Lost,
    lost_with,
    marked,
    marks_before,
    moved_from,
    origins_of,
    touched,
    with_lost,
)
from dashboard.services.library import groups, images, labels, verifications
from dashboard.services.library import similarity_types as types
from dashboard.services.library.members import Taken
from dashboard.services.library.nesting import add_groups, remove_groups
from dashboard.services.training import tasks
from tests.factories import (
    Cast,
    make_group,
    make_image,
    make_label,
    make_region,
    make_task,
    make_type,
)


def last() -> Change:
    return Change.objects.latest("id")


def stored(before: Any) -> Any:
    """Return values as the database gives them back."""
    return json.loads(json.dumps(before))


def some(cast: Cast, count: int = 3) -> list[Any]:
    return [make_image(cast.workspace, seed).pk for seed in range(count)]


def members() -> set[Any]:
    return set(unpack(last().members))


def test_origins_come_back() -> None:
    origins = {uuid4(): [uuid4(), uuid4()], uuid4(): [uuid4()]}
    assert origins_of(stored(moved_from(origins))) == origins
    assert origins_of(None) == {}


def test_marks_come_back() -> None:
    both, one, other = uuid4(), uuid4(), uuid4()
    changed = {"test_image": [both, one], "real": [both, other]}
    before = stored(marks_before({"test_image": True, "real": False}, changed))
    assert (before["test_image"], before["real"]) == (False, True)
    assert marked(before, pack(touched(changed))) == changed
    simple = {"real": [both, one]}
    assert marks_before({"real": True}, simple) == {"real": False}
    assert marked({"real": False}, pack(touched(simple))) == simple


def test_what_was_lost_comes_back() -> None:
    group, image, user, task = uuid4(), uuid4(), uuid4(), uuid4()
    lost = Lost(
        groups={group: [image, uuid4()]},
        object_groups={group: [uuid4()]},
        nested={group: [uuid4()]},
        verified={user: [image]},
        types={task: [uuid4()]},
        objects=[{"id": str(uuid4()), "left": 3, "meta_data": {"size": 42}}],
        group_rows=[{"id": str(group), "name": "red"}],
        whole=False,
    )
    before = stored(with_lost({"name": "Colour"}, lost))
    assert before["name"] == "Colour"
    assert lost_with(before) == lost
    assert with_lost({}, Lost()) == {}
    assert lost_with(None) == Lost()


def test_more_than_is_kept_is_kept_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "MOST", 2)
    monkeypatch.setattr(payloads, "MOST_ROWS", 1)
    lost, group = Lost(), uuid4()
    lost.link("groups", [(group, uuid4()) for _ in range(3)])
    lost.keep("objects", [{"id": 1}, {"id": 2}])
    lost.keep("group_rows", [{"id": 3}])
    assert (lost.groups, lost.objects, len(lost.group_rows), lost.whole) == ({}, [], 1, False)
    assert lost_with(stored(with_lost({}, lost))) == lost


def test_those_that_were_there_are_not_told(cast: Cast) -> None:
    group, ids = make_group(make_type(cast.workspace)), some(cast)
    groups.add_images(group=group, ids=ids[:1], actor=cast.bob)
    groups.add_images(group=group, ids=ids, actor=cast.bob)
    assert (last().target_id, members()) == (group.pk, set(ids[1:]))
    groups.remove_images(group=group, ids=ids[:1], actor=cast.bob)
    groups.remove_images(group=group, ids=ids, actor=cast.bob)
    assert members() == set(ids[1:])


def test_a_move_tells_from_where(cast: Cast) -> None:
    kind, ids = make_type(cast.workspace, exclusive=True), some(cast)
    red, blue, into = (make_group(kind, name) for name in ("red", "blue", "all"))
    groups.add_images(group=red, ids=ids[:1], actor=cast.bob)
    groups.add_images(group=blue, ids=ids[1:2], actor=cast.bob)
    groups.add_images(group=into, ids=ids, taken=Taken.MOVE, actor=cast.bob)
    assert (last().target_id, members()) == (into.pk, set(ids))
    assert origins_of(last().before) == {red.pk: ids[:1], blue.pk: ids[1:2]}


def test_only_marks_that_changed_are_told(cast: Cast) -> None:
    ids = some(cast)
    images.mark_images(
        workspace=cast.workspace, ids=ids[:1], marks={"test_image": True}, actor=cast.bob
    )
    marks = {"test_image": True, "real": False}
    images.mark_images(workspace=cast.workspace, ids=ids, marks=marks, actor=cast.bob)
    changed = marked(last().before, last().members)
    assert set(changed["test_image"]) == set(ids[1:])
    assert set(changed["real"]) == set(ids)
    assert last().after == marks


def test_only_groups_whose_mark_changed_are_told(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    red, blue = make_group(kind, "red", test_group=True), make_group(kind, "blue")
    groups.mark_groups(
        workspace=cast.workspace, ids=[red.pk, blue.pk], test_group=True, actor=cast.bob
    )
    assert members() == {blue.pk}


def test_nesting_tells_which(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    outer, red, blue = (make_group(kind, name) for name in ("outer", "red", "blue"))
    add_groups(group=outer, ids=[red.pk], actor=cast.bob)
    add_groups(group=outer, ids=[red.pk, blue.pk], actor=cast.bob)
    assert members() == {blue.pk}
    remove_groups(group=outer, ids=[red.pk], actor=cast.bob)
    remove_groups(group=outer, ids=[red.pk, blue.pk], actor=cast.bob)
    assert members() == {blue.pk}


def test_a_deleted_image_keeps_its_groups_objects_and_verifications(cast: Cast) -> None:
    group, image = make_group(make_type(cast.workspace)), make_image(cast.workspace)
    region = make_region(image)
    groups.add_images(group=group, ids=[image.pk], actor=cast.bob)
    groups.add_regions(group=group, ids=[region.pk], actor=cast.bob)
    verifications.verify_image(image=image, user=cast.bob, actor=cast.bob)
    images.delete_images(workspace=cast.workspace, ids=[image.pk], actor=cast.bob)
    lost = lost_with(last().before)
    assert members() == {image.pk}
    assert lost.groups == {group.pk: [image.pk]}
    assert lost.object_groups == {group.pk: [region.pk]}
    assert lost.verified == {cast.bob.pk: [image.pk]}
    [kept] = lost.objects
    assert (kept["id"], kept["image"], kept["right"]) == (str(region.pk), str(image.pk), 8)


def test_a_deleted_group_keeps_its_members_and_nestings(cast: Cast) -> None:
    kind, ids = make_type(cast.workspace), some(cast)
    outer, group = make_group(kind, "outer"), make_group(kind, "red")
    add_groups(group=outer, ids=[group.pk], actor=cast.bob)
    groups.add_images(group=group, ids=ids, actor=cast.bob)
    verifications.verify_group(group=group, user=cast.bob, actor=cast.bob)
    groups.delete_group(group=group, actor=cast.bob)
    assert (last().target_id, last().before["name"]) == (group.pk, "red")
    lost = lost_with(last().before)
    assert {key: set(found) for key, found in lost.groups.items()} == {group.pk: set(ids)}
    assert lost.nested == {outer.pk: [group.pk]}
    assert lost.verified == {cast.bob.pk: [group.pk]}


def test_a_deleted_type_keeps_its_groups_and_tasks(cast: Cast) -> None:
    kind, task, ids = make_type(cast.workspace), make_task(cast.workspace), some(cast, 1)
    group = make_group(kind, "red")
    groups.add_images(group=group, ids=ids, actor=cast.bob)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    assert members() == {kind.pk}
    types.delete_type(similarity_type=kind, force=True, actor=cast.bob)
    lost = lost_with(last().before)
    assert lost.types == {task.pk: [kind.pk]}
    assert lost.groups == {group.pk: ids}
    [kept] = lost.group_rows
    assert (kept["id"], kept["name"]) == (str(group.pk), "red")


def test_a_deleted_label_keeps_its_objects(cast: Cast) -> None:
    label = make_label(cast.workspace)
    region = make_region(make_image(cast.workspace), label=label)
    labels.delete_label(label=label, force=True, actor=cast.bob)
    assert last().before["name"] == "Heel"
    [kept] = lost_with(last().before).objects
    assert (kept["id"], kept["label"]) == (str(region.pk), str(label.pk))


def test_a_deleted_task_keeps_its_types(cast: Cast) -> None:
    kind, task = make_type(cast.workspace), make_task(cast.workspace)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    tasks.delete_task(task=task, actor=cast.bob)
    assert lost_with(last().before).types == {task.pk: [kind.pk]}
