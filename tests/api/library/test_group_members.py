"""Put images, objects and groups into groups: one set of rules for the three."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Change
from dashboard.models import Group, GroupImage, GroupRegion, SimilarityType
from dashboard.services.library.groups import add_images, add_regions
from tests.api.calls import GROUP, IMAGE, NOBODYS, OBJECT, TYPE, check_refusals
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    make_group,
    make_image,
    make_region,
    make_type,
)


@dataclass(frozen=True)
class Kind:
    """What goes into a group: its field, the key that shows it, how to make the n-th."""

    field: str
    shown: str
    make: Callable[[Any, int], Any]

    @property
    def counter(self) -> str:
        return f"{self.field}_count"


KINDS = [
    Kind("images", "images", lambda workspace, n: make_image(workspace, n)),
    Kind("objects", "detection_objects", lambda ws, n: make_region(make_image(ws, 100 + n))),
    Kind("groups", "groups", lambda ws, n: make_group(make_type(ws, "Inner"), f"Inner {n}")),
]
each = pytest.mark.parametrize("kind", KINDS, ids=[kind.field for kind in KINDS])
single = pytest.mark.parametrize("kind", KINDS[:2], ids=["images", "objects"])


@pytest.fixture
def group(cast: Cast) -> Group:
    return make_group(make_type(cast.workspace))


def change(client: ApiClient, group: Group, verb: str, kind: Kind, members: list[Any]) -> Any:
    ids = [str(member.pk) for member in members]
    return client.post(f"{GROUP}{group.pk}/{verb}-{kind.field}/", {kind.field: ids})


@each
def test_it_works(cast: Cast, group: Group, kind: Kind) -> None:
    client = api_client(cast.bob)
    members = [kind.make(cast.workspace, number) for number in range(3)]
    first = change(client, group, "add", kind, members[:2])
    assert (first.status_code, first.json()) == (200, {"added": 2, "already": 0})
    # The same id twice is one member.
    again = change(client, group, "add", kind, [*members, members[2]])
    assert again.json() == {"added": 1, "already": 2}
    whole = client.get(f"{GROUP}{group.pk}").json()
    assert [row["id"] for row in whole[kind.shown]] == [str(row.pk) for row in reversed(members)]
    assert whole[kind.counter] == 3
    assert sum(whole[other.counter] for other in KINDS) == 3
    removed = change(client, group, "remove", kind, members[:1])
    assert (removed.status_code, removed.json()) == (200, {"removed": 1, "missing": 0})
    assert change(client, group, "remove", kind, members).json() == {"removed": 2, "missing": 1}
    whole = client.get(f"{GROUP}{group.pk}").json()
    assert (whole[kind.shown], whole[kind.counter]) == ([], 0)
    rows = Change.objects.filter(noun="group", target_id=group.pk).order_by("id")
    assert list(rows.values_list("verb", "count"))[1:] == [
        (f"added {kind.field} to", 2),
        (f"added {kind.field} to", 1),
        (f"removed {kind.field} from", 1),
        (f"removed {kind.field} from", 2),
    ]


@each
def test_a_form_repeats_the_field(cast: Cast, group: Group, kind: Kind) -> None:
    ids = [str(kind.make(cast.workspace, number).pk) for number in range(2)]
    address = f"{GROUP}{group.pk}/add-{kind.field}"
    answer = api_client(cast.bob).post(address, {kind.field: ids}, format="multipart")
    assert answer.data == {"added": 2, "already": 0}


@each
def test_the_list_says_who_holds_whom(cast: Cast, group: Group, kind: Kind) -> None:
    member = kind.make(cast.workspace, 1)
    change(api_client(cast.bob), group, "add", kind, [member])
    make_group(group.similarity_type, "empty one")
    client = api_client(cast.vera)
    one = {"images": "image", "objects": "object", "groups": "group"}[kind.field]
    for query, expected in (
        (f"{one}={member.pk}", ["Red shoe"]),
        (f"{one}={NOBODYS}", []),
        (f"{one}={member.pk}&empty=true", []),
        (f"{one}={member.pk}&empty=false&type={group.similarity_type_id}", ["Red shoe"]),
        ("empty=true&search=EMPTY", ["empty one"]),
        (f"type={group.similarity_type_id}&empty=False", ["Red shoe"]),
    ):
        answer = client.get(f"{GROUP}?{query}").json()
        assert [row["name"] for row in answer["results"]] == expected, query
        assert answer["count"] == len(expected)


def test_what_is_beyond_a_thousand_is_in_the_lists(cast: Cast, group: Group) -> None:
    inner = make_group(group.similarity_type, "Inner")
    region = make_region(make_image(cast.workspace))
    client = api_client(cast.bob)
    change(client, group, "add", KINDS[2], [inner])
    change(client, inner, "add", KINDS[1], [region])
    found = client.get(f"{GROUP}?parent={group.pk}").json()["results"]
    assert [row["id"] for row in found] == [str(inner.pk)]
    found = client.get(f"{OBJECT}?group={inner.pk}").json()["results"]
    assert [row["id"] for row in found] == [str(region.pk)]


@single
def test_members_or_groups_never_both(cast: Cast, group: Group, kind: Kind) -> None:
    client, inner = api_client(cast.bob), make_group(group.similarity_type, "Inner")
    member = kind.make(cast.workspace, 1)
    change(client, group, "add", kind, [member])
    answer = change(client, group, "add", KINDS[2], [inner])
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    change(client, group, "remove", kind, [member])
    assert change(client, group, "add", KINDS[2], [inner]).status_code == 200
    answer = change(client, group, "add", kind, [member])
    assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    group.refresh_from_db()
    assert (group.images_count, group.regions_count, group.groups_count) == (0, 0, 1)


def test_images_and_objects_beside_each_other(cast: Cast, group: Group) -> None:
    client, image = api_client(cast.bob), make_image(cast.workspace)
    change(client, group, "add", KINDS[0], [image])
    change(client, group, "add", KINDS[1], [make_region(image), make_region(image)])
    whole = client.get(f"{GROUP}{group.pk}").json()
    assert (whole["images_count"], whole["objects_count"]) == (1, 2)
    assert whole["detection_objects"][0]["image"] == whole["images"][0]
    assert client.delete(f"{IMAGE}{image.pk}").status_code == 204
    whole = client.get(f"{GROUP}{group.pk}").json()
    assert (whole["images_count"], whole["objects_count"]) == (0, 0)


def test_no_cycle(cast: Cast, group: Group) -> None:
    inner, innermost = (make_group(group.similarity_type, name) for name in "ab")
    client = api_client(cast.bob)
    change(client, group, "add", KINDS[2], [inner])
    change(client, inner, "add", KINDS[2], [innermost])
    for parent, child in ((group, group), (inner, group), (innermost, group)):
        answer = change(client, parent, "add", KINDS[2], [child])
        assert (answer.status_code, list(answer.data)) == (400, ["detail"])
    # The other way round, twice in the same group by two ways is no cycle.
    assert change(client, group, "add", KINDS[2], [innermost]).json()["added"] == 1


@single
def test_one_group_of_an_exclusive_type(cast: Cast, kind: Kind) -> None:
    exclusive = make_type(cast.workspace, exclusive=True)
    holder, other = make_group(exclusive, "holder"), make_group(exclusive, "other")
    client = api_client(cast.bob)
    members = [kind.make(cast.workspace, number) for number in range(2)]
    change(client, holder, "add", kind, members[:1])
    answer = change(client, other, "add", kind, members)
    assert answer.status_code == 400
    assert str(holder.pk) in answer.data["detail"]
    assert str(members[0].pk) in answer.data["detail"]
    other.refresh_from_db()
    assert other.images_count == other.regions_count == 0
    moved = make_group(make_type(cast.workspace, "Free"), "moved")
    assert change(client, moved, "add", kind, members).json()["added"] == 2
    answer = client.put(f"{GROUP}{moved.pk}", {"type": str(exclusive.pk)})
    assert (answer.status_code, str(holder.pk) in answer.data["detail"]) == (400, True)
    change(client, holder, "remove", kind, members)
    assert client.put(f"{GROUP}{moved.pk}", {"type": str(exclusive.pk)}).status_code == 200
    assert change(client, holder, "add", kind, members).status_code == 400


@single
def test_a_type_becomes_exclusive_when_nobody_is_in_two(cast: Cast, kind: Kind) -> None:
    free = make_type(cast.workspace)
    member, client = kind.make(cast.workspace, 1), api_client(cast.bob)
    a, b = make_group(free, "a"), make_group(free, "b")
    for holder in (a, b):
        change(client, holder, "add", kind, [member])
    answer = client.patch(f"{TYPE}{free.pk}", {"exclusive": True})
    assert (answer.status_code, str(member.pk) in answer.data["detail"]) == (400, True)
    change(client, b, "remove", kind, [member])
    assert client.patch(f"{TYPE}{free.pk}", {"exclusive": True}).status_code == 200
    assert change(client, b, "add", kind, [member]).status_code == 400
    assert client.patch(f"{TYPE}{free.pk}", {"exclusive": False}).status_code == 200
    assert change(client, b, "add", kind, [member]).status_code == 200


def test_another_type_takes_the_members_along(cast: Cast, group: Group) -> None:
    image = make_image(cast.workspace)
    add_images(group=group, ids=[image.pk], actor=cast.bob)
    add_regions(group=group, ids=[make_region(image).pk], actor=cast.bob)
    other = make_type(cast.workspace, "Other", exclusive=True)
    assert (
        api_client(cast.bob).put(f"{GROUP}{group.pk}", {"type": str(other.pk)}).status_code == 200
    )
    for row in (GroupImage.objects.get(), GroupRegion.objects.get()):
        assert (row.similarity_type, row.exclusive) == (other, True)
    counts = SimilarityType.objects.in_workspace(cast.workspace).order_by("created")
    assert list(counts.values_list("groups_count", flat=True)) == [0, 1]


# Refusals


@each
def test_who_may(cast: Cast, group: Group, kind: Kind) -> None:
    for verb in ("add", "remove"):
        check_refusals(cast, "post", f"{GROUP}{group.pk}/{verb}-{kind.field}", {kind.field: []})


@each
@pytest.mark.parametrize("verb", ["add", "remove"])
@pytest.mark.parametrize(
    "ids", [None, "x", ["x"], [5], [None], [{}], ["\x00"], [str(uuid.uuid4())] * 10_001]
)
def test_bad_ids(cast: Cast, group: Group, kind: Kind, verb: str, ids: Any) -> None:
    address = f"{GROUP}{group.pk}/{verb}-{kind.field}"
    for body in ({kind.field: ids}, {}):
        answer = api_client(cast.bob).post(address, body)
        assert (answer.status_code, list(answer.json())) == (400, [kind.field])


@each
@pytest.mark.parametrize("verb", ["add", "remove"])
def test_unknown_ids_are_named_and_nothing_changes(
    cast: Cast, group: Group, kind: Kind, verb: str
) -> None:
    here, there = kind.make(cast.workspace, 1), kind.make(cast.elsewhere, 2)
    client = api_client(cast.bob)
    if verb == "remove":
        change(client, group, "add", kind, [here])
    body = {kind.field: [str(here.pk), str(there.pk), NOBODYS]}
    answer = client.post(f"{GROUP}{group.pk}/{verb}-{kind.field}", body)
    assert answer.status_code == 400
    assert str(there.pk) in answer.data["detail"]
    assert NOBODYS in answer.data["detail"]
    assert client.get(f"{GROUP}{group.pk}").data[kind.counter] == (verb == "remove")


@each
def test_as_many_queries_for_many_as_for_few(
    cast: Cast, group: Group, kind: Kind, django_assert_max_num_queries: Any
) -> None:
    client = api_client(cast.bob)
    members = [kind.make(cast.workspace, number) for number in range(9)]
    change(client, group, "add", kind, members[:1])
    with django_assert_max_num_queries(17) as few:
        change(client, group, "add", kind, members[1:3])
    with django_assert_max_num_queries(17) as many:
        change(client, group, "add", kind, members[3:])
    assert len(many.captured_queries) == len(few.captured_queries)
