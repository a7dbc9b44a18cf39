"""Change and delete groups; every counter stays true."""

import pytest

from accounts.models import Change
from dashboard.models import Group, GroupImage, GroupNesting, GroupRegion, SimilarityType
from dashboard.services.errors import AlreadyInExclusiveType, EmptyName
from dashboard.services.library.groups import add_images, change_group, create_group, delete_group
from tests.factories import Cast, make_group, make_image, make_region, make_type


def activities(cast: Cast) -> list[str]:
    rows = Change.objects.filter(workspace=cast.workspace, noun="group").order_by("id")
    return list(rows.values_list("verb", flat=True))


def count_of(similarity_type: SimilarityType) -> int:
    similarity_type.refresh_from_db()
    assert similarity_type.groups_count == similarity_type.groups.count()
    return similarity_type.groups_count


def test_change(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace), meta_data={"a": 1})
    before = group.modified
    changes = {"name": "Blue shoe", "description": "New", "meta_data": {"a": True}}
    changed = change_group(group=group, changes=changes, actor=cast.bob)
    group.refresh_from_db()
    assert (group.name, group.description, group.meta_data) == tuple(changes.values())
    assert group.meta_data["a"] is True
    assert group.modified == changed.modified > before
    assert activities(cast) == ["created", "changed"]


def test_no_change_leaves_no_trace(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    change_group(group=group, changes={}, actor=cast.bob)
    assert activities(cast) == ["created"]


def test_another_type_takes_the_images_along(cast: Cast) -> None:
    kind, other = make_type(cast.workspace), make_type(cast.workspace, "Other", exclusive=True)
    group, image = make_group(kind), make_image(cast.workspace)
    add_images(group=group, ids=[image.id], actor=cast.bob)
    region = make_region(image)
    GroupRegion.objects.create(group=group, region=region, similarity_type=kind, exclusive=False)
    change_group(group=group, changes={"similarity_type": other}, actor=cast.bob)
    for row in (GroupImage.objects.get(), GroupRegion.objects.get()):
        assert (row.similarity_type, row.exclusive) == (other, True)
    assert (count_of(kind), count_of(other)) == (0, 1)
    change_group(group=group, changes={"similarity_type": other}, actor=cast.bob)
    assert count_of(other) == 1


def test_another_type_is_refused_if_an_image_is_taken_there(cast: Cast) -> None:
    kind, other = make_type(cast.workspace), make_type(cast.workspace, "Other", exclusive=True)
    group, holder, image = make_group(kind), make_group(other), make_image(cast.workspace)
    for into in (group, holder):
        add_images(group=into, ids=[image.id], actor=cast.bob)
    with pytest.raises(AlreadyInExclusiveType) as refusal:
        change_group(group=group, changes={"similarity_type": other, "name": "x"}, actor=cast.bob)
    assert refusal.value.group == holder
    group.refresh_from_db()
    assert (group.similarity_type, group.name) == (kind, "Red shoe")
    assert (count_of(kind), count_of(other)) == (1, 1)


def test_a_name_is_needed(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    with pytest.raises(EmptyName):
        change_group(group=group, changes={"name": " "}, actor=cast.bob)


def test_delete(cast: Cast) -> None:
    kind, image = make_type(cast.workspace), make_image(cast.workspace)
    group, other = make_group(kind), make_group(kind, "Other")
    for into in (group, other):
        add_images(group=into, ids=[image.id], actor=cast.bob)
    delete_group(group=group, actor=cast.bob)
    assert count_of(kind) == 1
    assert GroupImage.objects.get().group == other
    assert activities(cast)[-1] == "deleted"
    with pytest.raises(Group.DoesNotExist):
        delete_group(group=group, actor=cast.bob)
    assert count_of(kind) == 1


def test_delete_a_nested_one(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    folder, child, grandchild = (make_group(kind, name) for name in ("folder", "child", "grand"))
    for parent, inner in ((folder, child), (folder, grandchild), (child, grandchild)):
        GroupNesting.objects.create(parent=parent, child=inner)
        Group.objects.filter(pk=parent.pk).update(groups_count=parent.child_rows.count())
    delete_group(group=child, actor=cast.bob)
    folder.refresh_from_db()
    grandchild.refresh_from_db()
    assert folder.groups_count == folder.child_rows.count() == 1
    assert count_of(kind) == 2


def test_a_group_of_a_type_that_is_gone(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    group, image = make_group(kind), make_image(cast.workspace)
    stale = Group.objects.get(pk=group.pk)
    delete_group(group=group, actor=cast.bob)
    with pytest.raises(Group.DoesNotExist):
        add_images(group=stale, ids=[image.id], actor=cast.bob)
    assert create_group(similarity_type=kind, name="New", actor=cast.bob).pk
    assert count_of(kind) == 1
