"""Rename a workspace, make another, delete one."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Change, Membership, Role, Workspace
from accounts.queries import find_token
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.jobs.runner import run_job
from dashboard.models import Encoder, Job, Label, Usage
from dashboard.queries.training.looks import threads
from tests.factories import Cast, make_group, make_image, make_key, make_type, signed_in

PAGE = "/settings/"
RENAME = "/settings/workspace/rename"
NEW = "/settings/workspace/new"
DELETE = "/settings/workspace/delete"


def test_it_works(vera_client: Client, cast: Cast) -> None:
    text = vera_client.get(PAGE).content.decode()
    assert "4 members" in text
    for address in ("/settings/members", "/settings/tokens", "/activity/", NEW):
        assert f'href="{address}"' in text


@pytest.mark.parametrize(
    ("name", "renames", "deletes"),
    [("alice", True, True), ("ann", True, False), ("bob", False, False), ("vera", False, False)],
)
def test_the_forms_are_for_who_may(
    request: pytest.FixtureRequest, name: str, renames: bool, deletes: bool
) -> None:
    text = request.getfixturevalue(f"{name}_client").get(PAGE).content.decode()
    assert (f'action="{RENAME}"' in text) == renames
    assert (f'action="{DELETE}"' in text) == deletes


def test_the_page_needs_few_queries(
    alice_client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(17):
        alice_client.get(PAGE)


# Its name


def test_renaming_works(ann_client: Client, cast: Cast) -> None:
    answer = ann_client.post(RENAME, {"name": "  The shop "}, follow=True)
    assert answer.redirect_chain == [(PAGE, 303)]
    cast.workspace.refresh_from_db()
    assert cast.workspace.name == "The shop"
    row = Change.objects.latest("id")
    assert (row.verb, row.noun, row.actor) == ("renamed", "workspace", cast.ann)
    assert row.details == {"before": "Alice’s shop"}


def test_the_same_name_changes_nothing(ann_client: Client, cast: Cast) -> None:
    before = Change.objects.count()
    ann_client.post(RENAME, {"name": cast.workspace.name})
    assert Change.objects.count() == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 151])
def test_a_wrong_name_is_refused(ann_client: Client, cast: Cast, name: str) -> None:
    answer = ann_client.post(RENAME, {"name": name})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["name"]
    cast.workspace.refresh_from_db()
    assert cast.workspace.name == "Alice’s shop"


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_renaming_is_for_admins(request: pytest.FixtureRequest, name: str) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.post(RENAME, {"name": "x"}).status_code == 403


def test_a_stranger_renames_his_own(charlie_client: Client, cast: Cast) -> None:
    charlie_client.post(RENAME, {"name": "Mine"})
    cast.workspace.refresh_from_db()
    assert cast.workspace.name == "Alice’s shop"


# Another one


@pytest.mark.parametrize("name", ["alice", "vera"])
def test_making_one_works(request: pytest.FixtureRequest, cast: Cast, name: str) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.get(NEW).status_code == 200
    answer = client.post(NEW, {"name": "Hats"})
    assert (answer.status_code, answer["Location"]) == (303, "/")
    made = Workspace.objects.get(name="Hats")
    owner = Membership.objects.get(workspace=made)
    assert (owner.user, owner.role) == (getattr(cast, name), Role.OWNER)
    assert Label.objects.filter(workspace=made).exists()
    assert client.get("/").wsgi_request.workspace == made


def test_who_is_in_none_may_make_one(charlie_client: Client, cast: Cast) -> None:
    Membership.objects.filter(user=cast.charlie).delete()
    assert "You are not a member of a workspace." in charlie_client.get(NEW).content.decode()
    charlie_client.post(NEW, {"name": "Hats"})
    assert charlie_client.get("/").wsgi_request.workspace.name == "Hats"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["", "x" * 151])
def test_making_one_without_a_name_is_refused(alice_client: Client, cast: Cast, name: str) -> None:
    answer = alice_client.post(NEW, {"name": name})
    assert answer.status_code == 422
    assert Workspace.objects.count() == 2


# Its end


def typed(closing: Workspace, **changes: Any) -> dict[str, Any]:
    fields = {"workspace": closing.pk, "name": closing.name} | changes
    return {f"close-{name}": value for name, value in fields.items()}


def test_deleting_works(alice_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    make_group(make_type(cast.workspace))
    key = make_key(cast.bob)
    answer = alice_client.post(DELETE, typed(cast.workspace))
    assert (answer.status_code, answer["Location"]) == (303, NEW)
    assert "is closed for everybody" in alice_client.get(NEW).content.decode()
    assert find_token(key) is None
    for client in (alice_client, signed_in(cast.vera)):
        assert client.get(PAGE).status_code == 404
    run_job(str(Job.objects.get(kind=Job.Kind.CLOSE).pk))
    assert list(Workspace.objects.all()) == [cast.elsewhere]


def test_it_tells_what_is_lost(alice_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    text = " ".join(alice_client.get(PAGE).content.decode().split())
    assert "for all 4 members: 1 image, 0 groups, 0 tasks" in text


def test_one_goes_on_in_another_workspace(cast: Cast) -> None:
    client = signed_in(cast.alice)
    client.post(NEW, {"name": "Hats"})
    client.post("/settings/workspace", {"workspace": cast.workspace.pk})
    assert client.post(DELETE, typed(cast.workspace))["Location"] == "/"
    assert client.get("/").wsgi_request.workspace.name == "Hats"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["", "alice’s shop", "Alice's shop", "Hats"])
def test_another_name_deletes_nothing(alice_client: Client, cast: Cast, name: str) -> None:
    answer = alice_client.post(DELETE, typed(cast.workspace, name=name))
    assert answer.status_code == 422
    assert list(answer.context["close_form"].errors) == ["name"]
    assert Workspace.objects.filter(pk=cast.workspace.pk).exists()


@pytest.mark.parametrize("other", ["", "nonsense", "5f3b6d1e-3c0f-4b43-9a67-0d3a3f9f7c11"])
def test_a_page_about_another_workspace_deletes_nothing(
    alice_client: Client, cast: Cast, other: str
) -> None:
    answer = alice_client.post(DELETE, typed(cast.workspace, workspace=other))
    assert answer.status_code == 422
    assert Workspace.objects.filter(pk=cast.workspace.pk).exists()


@pytest.mark.parametrize("name", ["ann", "bob", "vera"])
def test_deleting_is_the_owners_alone(
    request: pytest.FixtureRequest, cast: Cast, name: str
) -> None:
    client = request.getfixturevalue(f"{name}_client")
    assert client.post(DELETE, typed(cast.workspace)).status_code == 403
    assert Workspace.objects.filter(pk=cast.workspace.pk).exists()


def test_a_stranger_deletes_nothing(charlie_client: Client, cast: Cast) -> None:
    assert charlie_client.post(DELETE, typed(cast.workspace)).status_code == 422
    assert Workspace.objects.count() == 2


# What looks at its images


def choose(client: Client, key: str) -> Any:
    return client.post("/settings/workspace/encoder", {"encoder": key})


def test_choosing_an_encoder_works(ann_client: Client, cast: Cast) -> None:
    make_image(cast.workspace, seed=1)
    Workspace.objects.filter(pk=cast.workspace.pk).update(search_encoder=BOTH)
    Usage.objects.filter(workspace=cast.workspace).update(count=23_000)
    for key, seconds in ((BOTH, 0.045), (BUILTIN, 0.001)):
        Encoder.objects.create(
            key=key, name=key, state="ready", dimension=512, file_size=0,
            seconds=seconds, measured=timezone.now(),
        )  # fmt: skip
    page = ann_client.get(PAGE).text
    assert "Default of the installation (Built in)" in page
    assert "the best for most images. Search uses it now." in page
    assert "in a third of the time. To index all images: 23,000 images, less than a minute." in page
    answer = choose(ann_client, BUILTIN)
    job = Job.objects.get(kind=Job.Kind.DESCRIBE)
    assert (answer.status_code, answer["Location"]) == (303, f"/jobs/{job.pk}")
    assert (
        "23,000 images, less than a minute. Search works as before"
        in ann_client.get(answer["Location"]).text
    )
    assert Workspace.objects.get(pk=cast.workspace.pk).encoder == BUILTIN
    assert " to Built in, fast" in ann_client.get("/activity/").text


def test_search_says_that_it_goes_on(ann_client: Client, cast: Cast) -> None:
    make_image(cast.workspace, seed=1)
    Workspace.objects.filter(pk=cast.workspace.pk).update(search_encoder=BOTH)
    choose(ann_client, BUILTIN)
    page = ann_client.get("/search/").text
    assert "All images are being indexed with another encoder. Search uses" in page
    assert "Search finds them when this is done" not in page


def test_how_long_the_way_back_takes(ann_client: Client, cast: Cast) -> None:
    make_image(cast.workspace, seed=1)
    Workspace.objects.filter(pk=cast.workspace.pk).update(search_encoder=BUILTIN)
    Usage.objects.filter(workspace=cast.workspace).update(count=23_000)
    Encoder.objects.create(
        key=BOTH, name=BOTH, state="ready", dimension=1024, file_size=0,
        seconds=0.0235 * threads(), measured=timezone.now(),
    )  # fmt: skip
    assert "To index all images: 23,000 images, about 9 minutes." in ann_client.get(PAGE).text
    assert "“Built in” about 9 minutes" in ann_client.get("/tasks/new").text


def test_an_unknown_encoder_is_refused(ann_client: Client, cast: Cast) -> None:
    assert choose(ann_client, "photo-1").status_code == 422
    assert Workspace.objects.get(pk=cast.workspace.pk).encoder == ""


def test_who_may_not_choose_sees_what_is_chosen(bob_client: Client, cast: Cast) -> None:
    assert "Built in. An admin can change it." in bob_client.get(PAGE).text
    assert choose(bob_client, BUILTIN).status_code == 403
    assert Workspace.objects.get(pk=cast.workspace.pk).encoder == ""
