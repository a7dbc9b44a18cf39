"""Change and delete similarity types."""

import pytest

from accounts.models import Change
from dashboard.models import Group, GroupImage, GroupNesting, Image, SimilarityType
from dashboard.services.errors import EmptyName, InSeveralGroups, TypeHasGroups
from dashboard.services.library.groups import add_images
from dashboard.services.library.similarity_types import change_type, delete_type
from tests.factories import Cast, make_group, make_image, make_type


def test_change(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    change_type(similarity_type=kind, changes={"name": "New"}, actor=cast.bob)
    change_type(similarity_type=kind, changes={}, actor=cast.bob)
    kind.refresh_from_db()
    assert kind.name == "New"
    assert Change.objects.filter(noun="type", verb="changed").count() == 1
    with pytest.raises(EmptyName):
        change_type(similarity_type=kind, changes={"name": ""}, actor=cast.bob)


def test_exclusive_reaches_the_memberships(cast: Cast) -> None:
    kind, image = make_type(cast.workspace), make_image(cast.workspace)
    add_images(group=make_group(kind), ids=[image.id], actor=cast.bob)
    for exclusive in (True, False):
        change_type(similarity_type=kind, changes={"exclusive": exclusive}, actor=cast.bob)
        assert GroupImage.objects.get().exclusive is exclusive
        assert SimilarityType.objects.get().exclusive is exclusive


def test_exclusive_is_refused_while_images_are_in_two_groups(cast: Cast) -> None:
    kind, image = make_type(cast.workspace), make_image(cast.workspace)
    for name in ("a", "b"):
        add_images(group=make_group(kind, name), ids=[image.id], actor=cast.bob)
    with pytest.raises(InSeveralGroups) as refusal:
        change_type(similarity_type=kind, changes={"exclusive": True}, actor=cast.bob)
    assert (refusal.value.member_id, refusal.value.count) == (image.id, 1)
    assert not SimilarityType.objects.get().exclusive
    assert not GroupImage.objects.filter(exclusive=True).exists()


def test_delete(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    assert delete_type(similarity_type=kind, actor=cast.bob) == 0
    assert not SimilarityType.objects.exists()
    assert Change.objects.filter(noun="type", verb="deleted").count() == 1


def test_delete_refuses_while_there_are_groups(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    make_group(kind)
    with pytest.raises(TypeHasGroups) as refusal:
        delete_type(similarity_type=kind, actor=cast.bob)
    assert "1 group." in str(refusal.value)
    assert Group.objects.exists()


def test_delete_with_everything(cast: Cast) -> None:
    kind, other = make_type(cast.workspace), make_type(cast.workspace, "Other")
    child, holder = make_group(kind), make_group(other, "holder")
    GroupNesting.objects.create(parent=holder, child=child)
    Group.objects.filter(pk=holder.pk).update(groups_count=1)
    add_images(group=child, ids=[make_image(cast.workspace).id], actor=cast.bob)
    assert delete_type(similarity_type=kind, force=True, actor=cast.bob) == 1
    holder.refresh_from_db()
    assert holder.groups_count == 0
    assert list(Group.objects.all()) == [holder]
    assert not GroupImage.objects.exists()
    assert Image.objects.count() == 1
