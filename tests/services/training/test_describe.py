"""Give types and groups another name, and mark groups as test."""

import pytest

from accounts.models import Change
from dashboard.services.errors import EmptyName
from dashboard.services.library.groups import change_group, mark_group
from dashboard.services.library.similarity_types import change_type
from tests.factories import Cast, make_group, make_type


def test_describing_a_type_works(cast: Cast) -> None:
    kind = make_type(cast.workspace, "Same product", exclusive=True)
    change_type(
        similarity_type=kind,
        changes={"name": "Same article", "description": "x"},
        actor=cast.bob,
    )
    kind.refresh_from_db()
    assert (kind.name, kind.description, kind.exclusive) == ("Same article", "x", True)
    told = Change.objects.get(verb="changed")
    assert (told.noun, told.actor, told.target_id) == ("type", cast.bob, kind.pk)
    assert (told.details["before"], told.details["after"]) == ("Same product", "Same article")


def test_describing_a_group_works(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace), "Red shoe")
    change_group(group=group, changes={"name": "Red boot"}, actor=cast.bob)
    group.refresh_from_db()
    assert group.name == "Red boot"
    told = Change.objects.get(verb="changed")
    assert (told.details["before"], told.details["after"]) == ("Red shoe", "Red boot")


def test_a_name_stays_if_the_new_one_is_empty(cast: Cast) -> None:
    kind = make_type(cast.workspace, "Same product")
    group = make_group(kind, "Red shoe")
    with pytest.raises(EmptyName):
        change_type(similarity_type=kind, changes={"name": " "}, actor=cast.bob)
    with pytest.raises(EmptyName):
        change_group(group=group, changes={"name": " "}, actor=cast.bob)
    kind.refresh_from_db()
    group.refresh_from_db()
    assert (kind.name, group.name) == ("Same product", "Red shoe")


def test_marking_a_group_works(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    for marked, verb in ((True, "marked as test"), (False, "unmarked as test")):
        mark_group(group=group, test_group=marked, actor=cast.bob)
        group.refresh_from_db()
        assert group.test_group is marked
        assert Change.objects.get(verb=verb).noun == "group"
