"""Images move out of other groups of an exclusive type, however many those are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.models import Group
from dashboard.services.library.groups import add_images
from dashboard.services.library.members import Taken
from tests.factories import Cast, make_group, make_image, make_type

pytestmark = pytest.mark.django_db


def test_it_takes_as_many_queries_out_of_many_groups_as_out_of_one(cast: Cast) -> None:
    kind = make_type(cast.workspace, exclusive=True)
    images = [make_image(cast.workspace, seed) for seed in range(8)]
    for number, image in enumerate(images):
        add_images(group=make_group(kind, str(number)), ids=[image.pk], actor=cast.bob)
    counts = []
    for name, moved in (("one", images[:1]), ("many", images[1:])):
        into = make_group(kind, name)
        with CaptureQueriesContext(connection) as queries:
            ids = [image.pk for image in moved]
            placed = add_images(group=into, ids=ids, taken=Taken.MOVE, actor=cast.bob)
        assert (placed.added, placed.moved) == (len(moved), len(moved))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    found = Group.objects.exclude(images_count=0).order_by("name")
    assert list(found.values_list("name", "images_count")) == [("many", 7), ("one", 1)]
