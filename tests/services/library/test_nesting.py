"""Groups go into groups, never round in a circle."""

import uuid

import pytest

from dashboard.models import Group, SimilarityType
from dashboard.services.errors import (
    GroupHoldsGroups,
    GroupHoldsImages,
    NestingWouldCycle,
    UnknownIds,
)
from dashboard.services.library.groups import add_images
from dashboard.services.library.nesting import add_groups, remove_groups
from tests.factories import Cast, make_group, make_image, make_type


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    return make_type(cast.workspace)


def put(cast: Cast, parent: Group, *children: Group) -> tuple[int, int]:
    return add_groups(group=parent, ids=[child.id for child in children], actor=cast.bob)


def test_it_works(kind: SimilarityType, cast: Cast) -> None:
    shelf, red, blue = (make_group(kind, name) for name in ("Shelf", "Red", "Blue"))
    assert put(cast, shelf, red, blue) == (2, 0)
    assert put(cast, shelf, red) == (0, 1)
    shelf.refresh_from_db()
    assert shelf.groups_count == 2
    assert remove_groups(group=shelf, ids=[red.id, shelf.id], actor=cast.bob) == (1, 1)
    shelf.refresh_from_db()
    assert shelf.groups_count == 1


def test_never_in_itself(kind: SimilarityType, cast: Cast) -> None:
    a, b, c = (make_group(kind, name) for name in "ABC")
    put(cast, a, b)
    put(cast, b, c)
    for parent, child in ((a, a), (b, a), (c, a), (c, b)):
        with pytest.raises(NestingWouldCycle):
            put(cast, parent, child)
    c.refresh_from_db()
    assert c.groups_count == 0


def test_images_or_groups_never_both(kind: SimilarityType, cast: Cast) -> None:
    a, b = make_group(kind, "A"), make_group(kind, "B")
    image = make_image(cast.workspace)
    add_images(group=a, ids=[image.id], actor=cast.bob)
    with pytest.raises(GroupHoldsImages):
        put(cast, a, b)
    put(cast, b, a)
    with pytest.raises(GroupHoldsGroups):
        add_images(group=b, ids=[image.id], actor=cast.bob)


def test_all_or_nothing(kind: SimilarityType, cast: Cast) -> None:
    a, b = make_group(kind, "A"), make_group(kind, "B")
    stranger = make_group(make_type(cast.elsewhere), "C")
    for wrong in (uuid.uuid4(), stranger.id):
        with pytest.raises(UnknownIds):
            add_groups(group=a, ids=[b.id, wrong], actor=cast.bob)
    a.refresh_from_db()
    assert a.groups_count == 0
