"""Give types and groups another name, and mark groups as test."""

import pytest

from accounts.models import Activity
from dashboard.services.errors import EmptyName
from dashboard.services.groups import describe_group, mark_group
from dashboard.services.similarity_types import describe_type
from tests.factories import Cast, make_group, make_type


def test_describing_a_type_works(cast: Cast) -> None:
    kind = make_type(cast.workspace, "Same product", exclusive=True)
    describe_type(similarity_type=kind, name=" Same article ", description="x", actor=cast.bob)
    kind.refresh_from_db()
    assert (kind.name, kind.description, kind.exclusive) == ("Same article", "x", True)
    told = Activity.objects.get(verb="changed")
    assert (told.noun, told.actor, told.target_id) == ("type", cast.bob, kind.pk)
    assert told.details == {"before": "Same product", "after": "Same article"}


def test_describing_a_group_works(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace), "Red shoe")
    describe_group(group=group, name="Red boot", description="", actor=cast.bob)
    group.refresh_from_db()
    assert group.name == "Red boot"
    told = Activity.objects.get(verb="changed")
    assert told.details == {"before": "Red shoe", "after": "Red boot"}


def test_a_name_stays_if_the_new_one_is_empty(cast: Cast) -> None:
    kind = make_type(cast.workspace, "Same product")
    group = make_group(kind, "Red shoe")
    with pytest.raises(EmptyName):
        describe_type(similarity_type=kind, name=" ", description="", actor=cast.bob)
    with pytest.raises(EmptyName):
        describe_group(group=group, name=" ", description="", actor=cast.bob)
    kind.refresh_from_db()
    group.refresh_from_db()
    assert (kind.name, group.name) == ("Same product", "Red shoe")


def test_marking_a_group_works(cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    for marked, verb in ((True, "marked as test"), (False, "unmarked as test")):
        mark_group(group=group, test_group=marked, actor=cast.bob)
        group.refresh_from_db()
        assert group.test_group is marked
        assert Activity.objects.get(verb=verb).noun == "group"
