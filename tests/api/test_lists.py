"""Every list: its pages, its neighbours, search, order and filters."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.models import Image, SimilarityType, Task
from dashboard.services.library.groups import add_images, add_regions
from dashboard.services.library.nesting import add_groups
from tests.api.calls import GROUP, IMAGE, MODEL, TASK, TYPE
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    make_group,
    make_image,
    make_region,
    make_task,
    make_type,
    make_version,
)

LISTS = (TASK, TYPE, GROUP, IMAGE, MODEL)
NOBODYS = "6a09e667-f3bc-4908-b2fb-1366ea957d3e"


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.vera)


def make_one_of_each(cast: Cast, number: int) -> None:
    kind = make_type(cast.workspace, f"Type {number}")
    task = make_task(cast.workspace, f"Task {number}")
    task.type_rows.create(similarity_type=kind)
    task.production_version = make_version(task)
    task.save()
    group = make_group(kind, f"Group {number}")
    image = make_image(cast.workspace, number, file_name=f"Image {number}.jpg")
    add_images(group=group, ids=[image.id], actor=cast.bob)


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.data
    rows = answer.json()["results"]
    return [row.get("name") or row.get("file_name") or row["task_name"] for row in rows]


def follow(client: ApiClient, address: str) -> list[dict[str, Any]]:
    """Return the pages of a list, from link to link as the client does."""
    pages, address = [], "http://testserver" + address
    while address:
        assert address.startswith("http://testserver/")
        pages.append(client.get(address.removeprefix("http://testserver")).json())
        address = pages[-1]["next"]
    return pages


@pytest.mark.parametrize("address", LISTS)
def test_it_works(cast: Cast, client: ApiClient, address: str) -> None:
    for number in range(5):
        make_one_of_each(cast, number)
    pages = follow(client, f"{address}?page_size=2&extra=%C3%A4%26b")
    assert [len(page["results"]) for page in pages] == [2, 2, 1]
    assert {page["count"] for page in pages} == {5}
    ids = [row["id"] for page in pages for row in page["results"]]
    created = [row["created"] for page in pages for row in page["results"]]
    assert len(set(ids)) == 5
    assert created == sorted(created, reverse=True)
    assert pages[0]["previous"] is None
    assert "extra=%C3%A4%26b" in pages[0]["next"]
    assert "page_size=2" in pages[0]["next"]
    assert "page=2" in pages[2]["previous"]
    # Going back, and counting pages up by oneself, give the same pages.
    back = client.get(pages[1]["previous"].removeprefix("http://testserver")).json()
    assert back["results"] == pages[0]["results"]
    counted = client.get(f"{address}?page_size=2&page=3").json()
    assert counted["results"] == pages[2]["results"]
    jumped = client.get(pages[0]["next"].replace("page=2", "page=3")[17:]).json()
    assert jumped["results"] == pages[2]["results"]


@pytest.mark.parametrize("address", LISTS)
def test_pages_of_equal_times_never_overlap(cast: Cast, client: ApiClient, address: str) -> None:
    for number in range(5):
        make_one_of_each(cast, number)
    now = timezone.now()
    for model in (Task, SimilarityType, Image):
        model.objects.update(created=now)
    for order in ("", "&ordering=created", "&ordering=-created", "&ordering=name"):
        pages = follow(client, f"{address}?page_size=2{order}")
        assert len({row["id"] for page in pages for row in page["results"]}) == 5


def test_deleting_on_the_way_skips_nothing(cast: Cast) -> None:
    for number in range(6):
        make_task(cast.workspace, str(number))
    client, seen = api_client(cast.bob), []
    address: str | None = f"{TASK}?page_size=2"
    while address:
        page = client.get(address).json()
        for task in page["results"]:
            seen.append(task["name"])
            client.delete(f"{TASK}{task['id']}")
        address = page["next"]
    assert seen == ["5", "4", "3", "2", "1", "0"]


def test_an_empty_list(client: ApiClient) -> None:
    for address in LISTS:
        answer = client.get(address).json()
        assert answer == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize("page", ["2", "0", "-1", "x", "1.5", "9" * 30, "²", "1%00"])
def test_a_page_that_is_not_there(cast: Cast, client: ApiClient, page: str) -> None:
    make_task(cast.workspace)
    answer = client.get(f"{TASK}?page={page}")
    assert (answer.status_code, list(answer.data)) == (404, ["detail"])


@pytest.mark.parametrize(
    ("asked", "got"),
    [("", 100), ("7", 7), ("1000", 1000), ("1001", 1000), ("9" * 30, 1000), ("0", 100), ("x", 100)],
)
def test_the_page_size(cast: Cast, client: ApiClient, asked: str, got: int) -> None:
    Task.objects.bulk_create(
        Task(workspace=cast.workspace, name=str(number)) for number in range(1001)
    )
    assert len(client.get(f"{TASK}?page_size={asked}").data["results"]) == got


@pytest.mark.parametrize("cursor", ["x", "2x2.", "2x2.x", "2x2.MjAyNQ", "%00", "2x2.AAAA"])
def test_a_damaged_cursor(cast: Cast, client: ApiClient, cursor: str) -> None:
    for number in range(3):
        make_task(cast.workspace, str(number))
    answer = client.get(f"{TASK}?page=2&page_size=2&cursor={cursor}")
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("address", LISTS)
def test_search_and_order(cast: Cast, client: ApiClient, address: str) -> None:
    for number in (2, 1, 3):
        make_one_of_each(cast, number)
    last = [name.strip(".jpg")[-1] for name in names(client.get(f"{address}?ordering=name"))]
    assert last == ["1", "2", "3"]
    last = [name.strip(".jpg")[-1] for name in names(client.get(f"{address}?ordering=-name"))]
    assert last == ["3", "2", "1"]
    last = [name.strip(".jpg")[-1] for name in names(client.get(f"{address}?ordering=created"))]
    assert last == ["2", "1", "3"]
    last = [name.strip(".jpg")[-1] for name in names(client.get(f"{address}?ordering=nonsense"))]
    assert last == ["3", "1", "2"]
    found = names(client.get(f"{address}?search=%20{2}"))
    assert [name.strip(".jpg")[-1] for name in found] == ["2"]
    assert names(client.get(f"{address}?search=nowhere")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("schuh", True),
        ("ÜBER", True),
        ("über", True),
        ("%C3%9Cber", True),
        ("100%25", True),
        ("_", False),
        ("\\", False),
        (".*", False),
        ("%C3%BCbel", False),
        ("%00", True),
        ("", True),
    ],
)
def test_search_in_any_case(cast: Cast, client: ApiClient, text: str, found: bool) -> None:
    make_task(cast.workspace, "Überschuhe 100% (alle)")
    assert bool(names(client.get(f"{TASK}?search={text}"))) is found


def test_unknown_parameters_are_ignored(cast: Cast, client: ApiClient) -> None:
    make_task(cast.workspace)
    assert len(names(client.get(f"{TASK}?count=5&nonsense=%FF"))) == 1


# Filters


def test_filters_of_groups(cast: Cast, client: ApiClient) -> None:
    product, pattern = make_type(cast.workspace), make_type(cast.workspace, "Same pattern")
    image = make_image(cast.workspace)
    full = make_group(product, "full")
    add_images(group=full, ids=[image.id, make_image(cast.workspace, 1).id], actor=cast.bob)
    test = make_group(pattern, "test")
    test.test_group = True
    test.save()
    for query, expected in (
        (f"type={product.id}", ["full"]),
        (f"type={NOBODYS}", []),
        ("type__name=Same pattern", ["test"]),
        (f"image={image.id}", ["full"]),
        (f"object={NOBODYS}", []),
        (f"group={NOBODYS}", []),
        ("empty=true", ["test"]),
        ("empty=False", ["full"]),
        ("test=True", ["test"]),
        ("test=False", ["full"]),
        ("min_images=1", ["full"]),
        ("min_images=3", []),
        ("max_images=1", ["test"]),
        ("search=FUL&test=false&empty=0", ["full"]),
        ("type=&test=&min_images=", ["test", "full"]),
    ):
        assert names(client.get(f"{GROUP}?{query}")) == expected, query


def test_filters_of_images(cast: Cast, client: ApiClient) -> None:
    product, pattern = make_type(cast.workspace), make_type(cast.workspace, "Same pattern")
    theirs = make_type(cast.elsewhere)
    one = make_image(cast.workspace, 1, file_name="one.jpg", test_image=True)
    make_image(cast.workspace, 2, file_name="two.jpg", real=False)
    group = make_group(product)
    add_images(group=group, ids=[one.id], actor=cast.bob)
    add_images(group=make_group(product), ids=[one.id], actor=cast.bob)
    Image.objects.filter(pk=one.pk).update(verify_count=2)
    for query, expected in (
        ("test=true", ["one.jpg"]),
        ("test=False", ["two.jpg"]),
        ("real=False", ["two.jpg"]),
        (f"group={group.id}", ["one.jpg"]),
        (f"group={NOBODYS}", []),
        (f"type={product.id}", ["one.jpg"]),
        (f"type={pattern.id}", []),
        (f"ungrouped={product.id}", ["two.jpg"]),
        (f"ungrouped={pattern.id}", ["two.jpg", "one.jpg"]),
        (f"ungrouped={NOBODYS}", []),
        (f"ungrouped={theirs.id}", []),
        ("verified=2", ["one.jpg"]),
        ("verified=3", []),
        ("search=TWO", ["two.jpg"]),
    ):
        answer = client.get(f"{IMAGE}?{query}")
        assert names(answer) == expected, query
        assert answer.data["count"] == len(expected)


def test_models_of_a_task(cast: Cast, client: ApiClient) -> None:
    task = make_task(cast.workspace, "Shoes")
    make_version(task)
    make_version(make_task(cast.workspace, "Hats"))
    assert names(client.get(f"{MODEL}?task={task.id}")) == ["Shoes"]
    assert names(client.get(f"{MODEL}?task={NOBODYS}")) == []
    assert len(names(client.get("/recognition/v2/model/"))) == 2


@pytest.mark.parametrize(
    "query",
    [
        f"{GROUP}?type=x",
        f"{GROUP}?image=%00x",
        f"{GROUP}?object={'-' * 36}",
        f"{GROUP}?group={{{NOBODYS}}}",
        f"{GROUP}?test=maybe",
        f"{GROUP}?empty=2",
        f"{GROUP}?min_images=-1",
        f"{GROUP}?max_images={'9' * 20}",
        f"{IMAGE}?group=1",
        f"{IMAGE}?type=x",
        f"{IMAGE}?ungrouped=x",
        f"{IMAGE}?real=maybe",
        f"{IMAGE}?verified=x",
        f"{MODEL}?task=x",
    ],
)
def test_a_malformed_filter(client: ApiClient, query: str) -> None:
    answer = client.get(query)
    assert answer.status_code == 400
    ((name, sentences),) = answer.json().items()
    assert name in query
    assert isinstance(sentences[0], str)


# Cost


@pytest.mark.parametrize(
    ("address", "most"), [(TASK, 7), (TYPE, 5), (GROUP, 5), (IMAGE, 6), (MODEL, 5)]
)
def test_queries_are_as_many_for_many_as_for_few(
    cast: Cast, client: ApiClient, address: str, most: int, django_assert_max_num_queries: Any
) -> None:
    client.get(address)  # remembers that the key was used
    make_one_of_each(cast, 0)
    with django_assert_max_num_queries(most) as few:
        client.get(address)
    for number in range(1, 8):
        make_one_of_each(cast, number)
    with django_assert_max_num_queries(most) as many:
        assert len(client.get(address).data["results"]) == 8
    assert len(many.captured_queries) == len(few.captured_queries)


def test_a_group_costs_as_much_with_many_members(
    cast: Cast, client: ApiClient, django_assert_max_num_queries: Any
) -> None:
    group = make_group(make_type(cast.workspace))
    client.get(TASK)
    for number in range(6):
        image = make_image(cast.workspace, number)
        add_images(group=group, ids=[image.id], actor=cast.bob)
        add_regions(group=group, ids=[make_region(image).id], actor=cast.bob)
        with django_assert_max_num_queries(9):
            shown = client.get(f"{GROUP}{group.id}").data
        assert len(shown["images"]) == len(shown["detection_objects"]) == number + 1
    folder = make_group(group.similarity_type, "Folder")
    for number in range(6):
        inner = make_group(group.similarity_type, str(number))
        add_groups(group=folder, ids=[inner.id], actor=cast.bob)
        with django_assert_max_num_queries(7):
            assert len(client.get(f"{GROUP}{folder.id}").data["groups"]) == number + 1


def test_a_group_shows_a_thousand_members_at_most(cast: Cast, client: ApiClient) -> None:
    group = make_group(make_type(cast.workspace))
    first = make_image(cast.workspace)
    Image.objects.bulk_create(
        Image(
            workspace=cast.workspace,
            sha256=f"{number:064x}",
            stored_sha256="0" * 64,
            extension="jpg",
            width=1,
            height=1,
            file_size=1,
            created=first.created + timedelta(seconds=number),
        )
        for number in range(1, 1003)
    )
    ids = Image.objects.values_list("pk", flat=True)
    add_images(group=group, ids=ids, actor=cast.bob)
    shown = client.get(f"{GROUP}{group.id}").data
    assert (shown["images_count"], len(shown["images"])) == (1003, 1000)
    assert first.id not in {image["id"] for image in shown["images"]}
    assert client.get(f"{IMAGE}?group={group.id}").data["count"] == 1003
