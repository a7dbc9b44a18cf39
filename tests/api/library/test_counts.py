"""`count` of a list is exact: read off the page, from a counter, or counted."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.models import Group
from dashboard.services.library.groups import add_images, add_regions, delete_group
from dashboard.services.library.images import delete_images
from dashboard.services.library.nesting import add_groups
from tests.api.calls import GROUP, IMAGE, NOBODYS, OBJECT
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    make_group,
    make_image,
    make_region,
    make_type,
)


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.vera)


@pytest.fixture
def groups(cast: Cast) -> list[Group]:
    """Make groups of two types; the first holds three of four images, and an object of each."""
    kinds = [make_type(cast.workspace, name) for name in "ab"]
    groups = [make_group(kind, f"{at}") for kind in kinds for at in range(3)]
    images = [make_image(cast.workspace, seed) for seed in range(4)]
    regions = [make_region(image) for image in images]
    add_images(group=groups[0], ids=[image.id for image in images[:3]], actor=cast.bob)
    add_regions(group=groups[0], ids=[region.id for region in regions[:3]], actor=cast.bob)
    add_groups(group=groups[5], ids=[group.id for group in groups[:4]], actor=cast.bob)
    return groups


def counts(client: ApiClient, address: str) -> Iterator[tuple[int, int]]:
    """Yield what a list says of its length and how long it is, with every size of page."""
    for size in (1, 2, 3, 100):
        url: str | None = f"{address}{'&' if '?' in address else '?'}page_size={size}"
        said, rows = set(), 0
        while url:
            page = client.get(url).json()
            said.add(page["count"])
            rows, url = rows + len(page["results"]), page["next"]
        (count,) = said
        yield count, rows


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (GROUP, 6),
        (f"{GROUP}?type={{kind}}", 3),
        (f"{GROUP}?type={{kind}}&test=false", 3),
        (f"{GROUP}?type={{kind}}&min_images=1", 1),
        (f"{GROUP}?type={{kind}}&search=0", 1),
        (f"{GROUP}?parent={{parent}}", 4),
        (f"{GROUP}?parent={{parent}}&empty=true", 3),
        (f"{GROUP}?type={NOBODYS}", 0),
        (f"{GROUP}?parent={NOBODYS}", 0),
        (f"{GROUP}?empty=false", 2),
        (IMAGE, 4),
        (f"{IMAGE}?group={{group}}", 3),
        (f"{IMAGE}?group={{group}}&test=true", 0),
        (f"{IMAGE}?group={{group}}&ungrouped={{kind}}", 0),
        (f"{IMAGE}?group={NOBODYS}", 0),
        (OBJECT, 4),
        (f"{OBJECT}?group={{group}}", 3),
        (f"{OBJECT}?group={NOBODYS}", 0),
    ],
)
def test_it_works(client: ApiClient, groups: list[Group], address: str, expected: int) -> None:
    ids = {"group": groups[0].id, "parent": groups[5].id, "kind": groups[0].similarity_type_id}
    assert {*counts(client, address.format(**ids))} == {(expected, expected)}


def test_after_deletions(cast: Cast, client: ApiClient, groups: list[Group]) -> None:
    delete_group(group=groups[1], actor=cast.bob)
    kind = groups[0].similarity_type_id
    assert {*counts(client, GROUP)} == {(5, 5)}
    assert {*counts(client, f"{GROUP}?type={kind}")} == {(2, 2)}
    assert {*counts(client, f"{GROUP}?parent={groups[5].id}")} == {(3, 3)}
    image = groups[0].image_rows.values_list("image_id", flat=True)[0]
    delete_images(workspace=cast.workspace, ids=[image], actor=cast.bob)
    assert {*counts(client, f"{IMAGE}?group={groups[0].id}")} == {(2, 2)}
    assert {*counts(client, f"{OBJECT}?group={groups[0].id}")} == {(2, 2)}


@pytest.mark.usefixtures("groups")
def test_of_another_workspace(cast: Cast, groups: list[Group]) -> None:
    stranger = api_client(cast.charlie)
    for address in (
        f"{GROUP}?type={groups[0].similarity_type_id}",
        f"{GROUP}?parent={groups[5].id}",
        f"{IMAGE}?group={groups[0].id}",
        f"{OBJECT}?group={groups[0].id}",
    ):
        assert {*counts(stranger, address)} == {(0, 0)}


def test_a_list_that_fits_on_its_page_is_not_counted(
    client: ApiClient, groups: list[Group]
) -> None:
    for address in (GROUP, IMAGE, f"{GROUP}?search=0", f"{IMAGE}?group={groups[0].id}"):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        assert not [query for query in queries if "COUNT(" in query["sql"]]
