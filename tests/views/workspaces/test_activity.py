"""See who did what."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.journal import record
from accounts.models import Change, Membership, User, Workspace
from accounts.team import change_role, hand_over, invite_member, remove_member
from dashboard.queries.workspaces.activity import activity_page
from dashboard.services.library.groups import add_images, change_group, mark_group
from dashboard.services.library.images import delete_images
from tests.factories import Cast, make_group, make_image, make_task, make_type, make_version

PAGE = "/activity/"
HTMX = {"HX-Request": "true"}
Queries = Callable[..., Any]


def told(workspace: Workspace, actor: User | None, **fields: Any) -> Change:
    row = {"verb": "created", "noun": "type", "target_name": "Shape"} | fields
    return record(workspace=workspace, actor=actor, **row)


def sentences(client: Client, query: str = "") -> list[str]:
    found = client.get(PAGE + query).context["sentences"]
    return [f"{row.who} {row.before}{row.name}{row.after}" for row in found]


def test_it_works(vera_client: Client, cast: Cast) -> None:
    group = make_group(make_type(cast.workspace), actor=cast.alice)
    images = [make_image(cast.workspace, seed) for seed in range(2)]
    add_images(group=group, ids=[image.pk for image in images], actor=cast.bob)
    assert sentences(vera_client)[0] == "Bob added 2 images to Red shoe"
    assert f'href="/groups/{group.pk}"' in vera_client.get(PAGE).content.decode()


def test_a_stranger_sees_his_own_only(charlie_client: Client, cast: Cast) -> None:
    told(cast.workspace, cast.bob, target_name="a secret")
    assert sentences(charlie_client) == ["Charlie created the workspace Charlie’s corner"]


def test_what_the_platform_does_reads_well(alice_client: Client, cast: Cast) -> None:
    group = make_group(make_type(cast.workspace))
    image = make_image(cast.workspace, file_name="shoe.jpg")
    change_group(group=group, changes={"name": "Blue shoe"}, actor=cast.bob)
    group.refresh_from_db()
    mark_group(group=group, test_group=True, actor=cast.bob)
    delete_images(workspace=cast.workspace, ids=[image.pk], actor=cast.bob)
    assert sentences(alice_client) == [
        "Bob deleted 1 image",
        "Bob marked the group Blue shoe as a test group",
        "Bob renamed the group Red shoe to Blue shoe",
        "Alice added the image shoe.jpg",
        "Alice created the group Red shoe",
        "Alice created the type Same product",
        "Alice created the workspace Alice’s shop",
    ]


def test_what_the_team_does_reads_well(alice_client: Client, cast: Cast) -> None:
    bob, vera = (Membership.objects.get(user=user) for user in (cast.bob, cast.vera))
    invite_member(workspace=cast.workspace, email="ivy@example.org", role="viewer", actor=cast.ann)
    change_role(membership=bob, role="admin", actor=cast.ann)
    remove_member(membership=vera, actor=cast.ann)
    hand_over(membership=bob, actor=cast.alice)
    assert sentences(alice_client)[:4] == [
        "Alice handed over the workspace to Bob",
        "Ann removed Vera from the workspace",
        "Ann changed the role of Bob from editor to admin",
        "Ann invited ivy@example.org as viewer",
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"verb": "polished", "noun": "lens", "target_name": "Zoom"}, "polished the lens Zoom"),
        ({"verb": "polished", "noun": "knob", "target_name": "", "count": 3}, "polished 3 knobs"),
        ({"verb": "changed", "noun": "type", "target_name": "{x}"}, "changed the type {x}"),
        (
            {"verb": "uploaded", "noun": "files", "target_name": "a.zip", "count": 1200},
            "uploaded 1,200 files: a.zip",
        ),
        (
            {
                "verb": "added a type to",
                "noun": "task",
                "target_name": "Shoes",
                "details": {"type": "{name}"},
            },
            "added the type {name} to Shoes",
        ),
    ],
)
def test_any_row_can_be_told(
    alice_client: Client, cast: Cast, fields: dict[str, Any], words: str
) -> None:
    told(cast.workspace, None, **fields)
    assert sentences(alice_client)[0] == f"Likewise {words}"


def test_names_are_no_markup(alice_client: Client, cast: Cast) -> None:
    told(cast.workspace, cast.bob, target_name="<b>bold</b>")
    text = alice_client.get(PAGE).content.decode()
    assert "&lt;b&gt;bold" in text
    assert "<b>bold" not in text


def test_what_is_gone_is_no_link(alice_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    told(cast.workspace, cast.bob, noun="version", target_id=version.pk, target_name="Shoes 1")
    told(cast.workspace, cast.bob, noun="version", target_id=uuid.uuid4(), target_name="Shoes 2")
    gone, there = alice_client.get(PAGE).context["sentences"][:2]
    assert (gone.url, there.url) == ("", f"/versions/{version.pk}")


@pytest.mark.parametrize("verb", ["added", "took back a verification of"])
def test_an_image_without_a_name_is_no_link(alice_client: Client, cast: Cast, verb: str) -> None:
    image = make_image(cast.workspace, file_name="")
    told(cast.workspace, cast.bob, noun="image", verb=verb, target_id=image.pk, target_name="")
    assert alice_client.get(PAGE).context["sentences"][0].url == ""
    assert f"/images/{image.pk}" not in alice_client.get(PAGE).content.decode()


def test_it_is_filtered_by_person(vera_client: Client, cast: Cast) -> None:
    told(cast.workspace, cast.bob)
    told(cast.workspace, cast.ann)
    assert sentences(vera_client, f"?person={cast.bob.pk}") == ["Bob created the type Shape"]


def test_who_left_can_still_be_chosen(vera_client: Client, cast: Cast) -> None:
    told(cast.workspace, cast.bob)
    remove_member(membership=Membership.objects.get(user=cast.bob), actor=cast.ann)
    assert len(sentences(vera_client, f"?person={cast.bob.pk}")) == 1


def test_it_is_filtered_by_noun(vera_client: Client, cast: Cast) -> None:
    told(cast.workspace, cast.bob, noun="task")
    told(cast.workspace, cast.bob, noun="type")
    assert sentences(vera_client, "?noun=task") == ["Bob created the task Shape"]
    assert "No activity found" in vera_client.get(f"{PAGE}?noun=job").content.decode()


def test_it_goes_on_where_the_page_ended(
    vera_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_page, "__defaults__", ("", 2))
    moment = timezone.now()
    rows = [told(cast.workspace, cast.bob, target_name=str(number)) for number in range(5)]
    Change.objects.filter(pk__in=[row.pk for row in rows]).update(created=moment)
    seen, address = [], f"{PAGE}?noun=type&person={cast.bob.pk}"
    while address:
        answer = vera_client.get(address)
        seen += [sentence.name for sentence in answer.context["sentences"]]
        address = answer.context["next_url"]
    assert seen == ["4", "3", "2", "1", "0"]


def test_htmx_gets_the_rows_alone(
    vera_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_page, "__defaults__", ("", 2))
    for _ in range(4):
        told(cast.workspace, cast.bob)
    address = vera_client.get(PAGE).context["next_url"]
    answer = vera_client.get(address, headers=HTMX)
    assert "HX-Request" in answer["Vary"]
    text = answer.content.decode()
    assert "<html" not in text
    assert text.count("list-group-item") == 2
    assert 'class="more"' in text


def test_the_end_has_no_button(vera_client: Client, cast: Cast) -> None:
    assert "Load more" not in vera_client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "person=nonsense",
        "person=5f3b6d1e-3c0f-4b43-9a67-0d3a3f9f7c11",
        "noun=ghost",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=MjAyNi0wMS0wMSAx",  # a time without its zone
        "cursor=MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",  # a huge id
    ],
)
def test_a_damaged_address_says_so(vera_client: Client, cast: Cast, query: str) -> None:
    answer = vera_client.get(f"{PAGE}?{query}")
    assert answer.status_code == 404
    assert "Open the first page of the list" in answer.content.decode()


def test_a_person_of_another_workspace_is_no_choice(vera_client: Client, cast: Cast) -> None:
    assert vera_client.get(f"{PAGE}?person={cast.charlie.pk}").status_code == 404


def test_it_needs_few_queries(
    alice_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    nouns = ("image", "files", "type", "group", "task", "version", "job", "descriptors", "token")
    for noun in nouns * 5:
        told(cast.workspace, cast.bob, noun=noun, target_id=uuid.uuid4())
    with django_assert_max_num_queries(9):
        alice_client.get(PAGE)
