"""Collections in the dashboard."""

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Workspace
from dashboard.files.errors import ForbiddenAddress
from dashboard.jobs import runner
from dashboard.models import Collection, Job, Task, Version
from dashboard.queries.search.record_tiles import LETTERS_SHOWN
from dashboard.services.jobs import queueing
from dashboard.services.search.fills import start_fill
from tests.factories import (
    Cast,
    drawn_jpeg,
    make_collection,
    make_described_version,
    make_group,
    make_image,
    make_records,
    make_task,
    make_type,
    make_version,
)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def collection(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Collection:
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_collection(workspace)


def at(name: str, collection: Collection) -> str:
    return reverse(name, args=[collection.pk])


def messages(client: Client, answer: Any) -> str:
    return " ".join(map(str, client.get(answer["Location"]).context["messages"]))


# The list


def test_it_works(
    vera_client: Client,
    collection: Collection,
    cast: Cast,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_records(collection, "a", "b")
    for number in range(3):
        make_collection(cast.workspace, f"Number {number}", task=collection.task)
    make_collection(cast.elsewhere, "Theirs")
    with django_assert_max_num_queries(8):
        page = vera_client.get(reverse("collections")).content.decode()
    assert "2 records" in page
    assert page.index("Number 2") < page.index("Catalogue")
    assert "Theirs" not in page
    assert "New collection" not in page
    assert at("collection", collection) in page


def test_an_empty_list_names_the_next_step(
    bob_client: Client, vera_client: Client, workspace: Workspace
) -> None:
    assert "Train a task first" in bob_client.get(reverse("collections")).content.decode()
    make_version(make_task(workspace))
    assert "Create the first" in bob_client.get(reverse("collections")).content.decode()
    assert "An editor" in vera_client.get(reverse("collections")).content.decode()


def test_pages_of_the_list(alice_client: Client, collection: Collection) -> None:
    Collection.objects.bulk_create(
        Collection(
            workspace=collection.workspace,
            name=f"c{number}",
            task=collection.task,
            version=collection.version,
        )
        for number in range(70)
    )
    first = alice_client.get(reverse("collections"))
    again = alice_client.get(
        f"{reverse('collections')}?cursor={first.context['next']}", headers=HTMX
    )
    fragment = again.content.decode()
    names = re.findall(r">(c\d+|Catalogue)</a>", first.content.decode() + fragment)
    assert (len(names), len(set(names))) == (71, 71)
    assert "<html" not in fragment
    assert "cursor=" not in fragment
    assert alice_client.get(f"{reverse('collections')}?cursor=x").status_code == 404


# Make, rename, delete


def test_make(bob_client: Client, workspace: Workspace) -> None:
    task = make_task(workspace)
    older, newer = make_described_version(task), make_described_version(task)
    page = bob_client.get(reverse("collection-new"))
    assert page.context["form"]["version"].value() == newer.pk
    fields = {"name": " Shop ", "description": "What we sell", "version": str(older.pk)}
    answer = bob_client.post(reverse("collection-new"), fields)
    made = Collection.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, at("collection", made))
    assert (made.name, made.version, made.task) == ("Shop", older, task)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "  "}, {"version": ""}, {"version": "x"}])
def test_make_with_bad_input(bob_client: Client, workspace: Workspace, wrong: Any) -> None:
    version = make_version(make_task(workspace))
    answer = bob_client.post(
        reverse("collection-new"), {"name": "Shop", "version": str(version.pk)} | wrong
    )
    assert (answer.status_code, Collection.objects.count()) == (422, 0)
    assert answer.context["form"].errors.keys() == wrong.keys()


def test_no_version_of_a_stranger(bob_client: Client, cast: Cast) -> None:
    theirs = make_version(make_task(cast.elsewhere))
    fields = {"name": "Shop", "version": str(theirs.pk)}
    assert bob_client.post(reverse("collection-new"), fields).status_code == 422
    assert not Collection.objects.exists()


def test_rename(bob_client: Client, collection: Collection) -> None:
    address = at("collection-change", collection)
    assert bob_client.get(address).context["form"]["name"].value() == "Catalogue"
    answer = bob_client.post(address, {"name": "Window", "description": "d", "version": "x"})
    collection.refresh_from_db()
    assert (answer.status_code, collection.name, collection.description) == (303, "Window", "d")
    assert bob_client.post(address, {"name": ""}).status_code == 422


def test_delete(bob_client: Client, collection: Collection) -> None:
    make_records(collection, "a")
    job = start_fill(collection=collection, actor=collection.workspace.memberships.first().user)
    page = bob_client.get(at("collection", collection)).content.decode()
    assert "Delete this collection and its records?" in page
    answer = bob_client.post(at("collection-delete", collection))
    assert (answer.status_code, Collection.objects.count()) == (303, 0)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert "deleted" in messages(bob_client, answer)


def test_a_task_in_use_says_so(alice_client: Client, collection: Collection) -> None:
    answer = alice_client.post(reverse("task-delete", args=[collection.task_id]))
    assert answer["Location"] == reverse("task", args=[collection.task_id])
    assert "“Catalogue”" in messages(alice_client, answer)
    assert Task.objects.count() == Version.objects.count() == 1


# One collection


def test_one(
    vera_client: Client,
    bob_client: Client,
    collection: Collection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    image = make_image(collection.workspace, 1)
    make_records(collection, str(image.pk))
    make_records(collection, "b&b", _url="https://shop.example/b.jpg")
    make_records(collection, "evil", _url="javascript:alert(1)", long="x" * 5000)
    with django_assert_max_num_queries(16):
        page = vera_client.get(at("collection", collection)).content.decode()
    assert "Catalogue" in page
    assert "3</span> records" in page
    assert reverse("image", args=[image.pk]) in page
    assert 'href="https://shop.example/b.jpg"' in page
    assert "b&amp;b" in page
    assert 'href="javascript' not in page
    assert "x" * (LETTERS_SHOWN + 1) not in page
    assert f'collection_id="{collection.pk}"' in page
    assert "resource_name=None" in page
    assert "Add images" not in page
    assert "Rename" not in page
    editors = bob_client.get(at("collection", collection)).content.decode()
    assert "Add images" in editors


def test_no_image_of_a_stranger_is_shown(
    vera_client: Client, collection: Collection, cast: Cast
) -> None:
    theirs = make_image(cast.elsewhere, 1)
    make_records(collection, str(theirs.pk))
    page = vera_client.get(at("collection", collection)).content.decode()
    assert str(theirs.pk) in page
    assert reverse("image", args=[theirs.pk]) not in page
    assert "/media/" not in page


def test_pages_of_records(
    vera_client: Client,
    collection: Collection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_records(collection, *(f"r{n}" for n in range(130)))
    seen, following = [], at("collection", collection)
    for number in range(3):
        with django_assert_max_num_queries(16):
            answer = vera_client.get(following, headers=HTMX if number else {})
        page = answer.content.decode()
        seen += re.findall(r"<strong class=\"text-break\">(r\d+)</strong>", page)
        found = re.search(r"\?cursor=\d+", page)
        following = at("collection", collection) + (found[0] if found else "")
    assert (seen, found) == ([f"r{n}" for n in reversed(range(130))], None)
    assert "<html" not in page
    for damaged in ("x", "-1", "1" * 30, "²"):
        answer = vera_client.get(f"{at('collection', collection)}?cursor={damaged}")
        assert answer.status_code == 404


# Fill


def test_fill(bob_client: Client, vera_client: Client, collection: Collection) -> None:
    for seed in range(3):
        make_image(collection.workspace, seed)
    address = at("collection-fill", collection)
    answer = bob_client.post(address, {})
    assert (answer.status_code, answer["Location"]) == (303, at("collection", collection))
    job = Job.objects.get(kind=Job.Kind.FILL)
    page = vera_client.get(at("collection", collection)).content.decode()
    assert f'id="job-{job.pk}"' in page
    assert "already" in messages(bob_client, bob_client.post(address, {}))
    runner.run_job(str(job.pk))
    fragment = bob_client.get(at("collection", collection), headers=HTMX).content.decode()
    assert "3</span> records" in fragment
    assert "<html" not in fragment
    assert "Open the collection" in bob_client.get(reverse("job", args=[job.pk])).content.decode()


def test_fill_with_bad_input(bob_client: Client, collection: Collection, cast: Cast) -> None:
    kind = make_type(collection.workspace)
    group = make_group(kind)
    theirs = make_type(cast.elsewhere)
    for fields, said in (
        ({"similarity_type": str(kind.pk), "group": str(group.pk)}, "not both"),
        ({"similarity_type": str(theirs.pk)}, "was deleted"),
        ({"group": str(uuid.uuid4())}, "was deleted"),
    ):
        answer = bob_client.post(at("collection-fill", collection), fields)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert said in page
        for chosen in {str(kind.pk), str(group.pk)} & set(fields.values()):
            assert f'<option value="{chosen}" selected>' in page, "what was chosen stays"
    assert not Job.objects.exists()


# Search


@pytest.fixture
def filled(collection: Collection, cast: Cast) -> Collection:
    for seed in range(4):
        make_image(collection.workspace, seed)
    runner.run_job(str(start_fill(collection=collection, actor=cast.bob).pk))
    make_records(collection, "mine & yours")
    return collection


def test_search_by_a_picture(
    vera_client: Client, filled: Collection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    address = at("collection-search", filled)
    page = vera_client.get(address).content.decode()
    assert "Find similar images" in page
    file = SimpleUploadedFile("shoe.jpg", drawn_jpeg(2), "image/jpeg")
    with django_assert_max_num_queries(16):
        answer = vera_client.post(address, {"file": file, "k": "12"}, headers=HTMX)
    assert answer.status_code == 200
    fragment = answer.content.decode()
    hits = re.findall(r"(\d+) · (\d+) % · ", fragment)
    assert (len(hits), hits[0], "5 results" in fragment) == (5, ("1", "100"), True)
    assert fragment.index('alt="2.jpg"') < fragment.index('alt="1.jpg"')
    assert "<html" not in fragment
    assert "data:image/jpeg;base64," in fragment


def test_search_by_a_record(vera_client: Client, filled: Collection) -> None:
    page = vera_client.get(at("collection", filled)).content.decode()
    address = f"{at('collection-search', filled)}?record=mine%20%26%20yours"
    assert address in page
    answer = vera_client.get(address)
    keys = [hit.record.key for hit in answer.context["hits"]]
    assert (len(keys), "mine & yours" in keys) == (4, False)
    gone = vera_client.get(f"{at('collection-search', filled)}?record=gone")
    assert (gone.status_code, "no longer in the collection" in gone.content.decode()) == (422, True)


def test_search_by_an_address(
    vera_client: Client, filled: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.views.search.search.fetch_image", lambda _: drawn_jpeg(1))
    data = {"url": "https://x.example/1.jpg", "k": "12"}
    answer = vera_client.post(at("collection-search", filled), data, follow=True)
    assert answer.context["hits"][0].record.name == "1.jpg"
    command = unescape(answer.content.decode())
    assert '"query_record": {"_url": "https://x.example/1.jpg"}, "k": 12' in command

    def refuse(url: str) -> bytes:
        raise ForbiddenAddress("It is private.", url=url)

    monkeypatch.setattr("dashboard.views.search.search.fetch_image", refuse)
    answer = vera_client.post(at("collection-search", filled), {"url": "https://x.example/1.jpg"})
    assert (answer.status_code, "It is private." in answer.content.decode()) == (422, True)


def test_results_have_an_address(
    vera_client: Client, charlie_client: Client, filled: Collection
) -> None:
    here = at("collection-search", filled)
    file = SimpleUploadedFile("shoe.jpg", drawn_jpeg(2), "image/jpeg")
    address = vera_client.post(here, {"file": file, "k": "12"})["Location"]
    assert address.startswith(f"{here}?picture=")
    answer = vera_client.get(address)
    assert answer.context["hits"][0].record.name == "2.jpg"
    assert "shoe.jpg" in answer.content.decode()
    assert charlie_client.get(address).status_code == 404
    assert vera_client.get(f"{here}?picture=nonsense").status_code == 404
    by_record = vera_client.post(here, {"record": "mine & yours", "k": "12"}, headers=HTMX)
    assert by_record["HX-Push-Url"] == f"{here}?record=mine+%26+yours&k=12"
    command = unescape(by_record.content.decode())
    assert '"query_record": {"_id": "mine & yours"}, "k": 13' in command


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose an image"),
        ({"k": "5", "record": "a"}, "12, 24 or 48"),
        ({"file": SimpleUploadedFile("x.jpg", b"no picture")}, "image"),
    ],
)
def test_search_with_bad_input(
    vera_client: Client, collection: Collection, fields: Any, said: str
) -> None:
    answer = vera_client.post(at("collection-search", collection), fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
