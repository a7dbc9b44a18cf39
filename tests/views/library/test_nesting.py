"""Groups in groups: see them, find some by name and put them in, take ticked ones out."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import Change
from dashboard.models import Group, GroupNesting, SimilarityType
from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from dashboard.services.library.nesting import add_groups
from dashboard.views.library import nesting
from tests.factories import Cast, make_group, make_image, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    return make_type(cast.workspace)


@pytest.fixture
def shelf(kind: SimilarityType) -> Group:
    return make_group(kind, "Shelf")


@pytest.fixture
def red(cast: Cast, kind: SimilarityType) -> Group:
    made = make_group(kind, "Red shoe")
    ids = [make_image(cast.workspace, seed).pk for seed in range(2)]
    add_images(group=made, ids=ids, actor=cast.bob)
    return made


def put(cast: Cast, parent: Group, *children: Group) -> None:
    add_groups(group=parent, ids=[child.pk for child in children], actor=cast.bob)


def page_of(group: Group, name: str = "group") -> str:
    return reverse(name, args=[group.pk])


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


def names(answer: Any) -> list[str]:
    return re.findall(r'<span class="fw-medium text-body">([^<]*)</span>', text(answer))


def offered(answer: Any) -> list[str]:
    return re.findall(r'<span class="pick-name">([^<]*)</span>', text(answer))


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# See them


def test_a_page_shows_what_is_in_it_and_around_it(
    vera_client: Client, cast: Cast, kind: SimilarityType, shelf: Group, red: Group
) -> None:
    put(cast, shelf, red, make_group(kind, "Blue hat"))
    put(cast, make_group(kind, "Shop"), shelf)
    answer = vera_client.get(page_of(shelf))
    assert names(answer) == ["Blue hat", "Red shoe"]
    assert "2 groups." in text(answer)
    assert "2 images" in text(answer)
    assert text(answer).count('<img src="/media/') == 2
    assert re.search(r'in <a href="/groups/[^"]+">Shop</a>', text(answer))
    for word in ('type="checkbox"', "Add groups", "Take out"):
        assert word not in text(answer)


def test_the_list_shows_covers_of_what_lies_below(
    bob_client: Client, cast: Cast, kind: SimilarityType, shelf: Group, red: Group
) -> None:
    put(cast, shelf, red)
    put(cast, make_group(kind, "Shop"), shelf)
    answer = bob_client.get("/groups/")
    assert names(answer) == ["Shop", "Red shoe", "Shelf"]
    assert text(answer).count('<img src="/media/') == 6
    assert text(answer).count("1 group") == 2


def test_a_cover_is_shown_once_and_groups_take_turns(
    bob_client: Client, cast: Cast, kind: SimilarityType, shelf: Group, red: Group
) -> None:
    blue = make_group(kind, "Blue")
    both = red.image_rows.first()
    fresh = [make_image(cast.workspace, seed).pk for seed in range(10, 16)]
    assert both is not None
    add_images(group=blue, ids=[both.image_id, *fresh], actor=cast.bob)
    put(cast, shelf, red, blue)
    card = re.search(
        r'aria-label="Groups".*?Shelf', text(bob_client.get("/groups/?search=she")), re.S
    )
    assert card
    shown = re.findall(r"thumbs/([0-9a-f-]{36})", card[0])
    assert len(shown) == len(set(shown)) == 4
    assert len(set(shown) - {str(pk) for pk in fresh}) == 2, "two of the other group"


def test_what_is_in_it_comes_in_pages(
    bob_client: Client,
    cast: Cast,
    kind: SimilarityType,
    shelf: Group,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    put(cast, shelf, *(make_group(kind, f"Group {number}") for number in range(3)))
    first = bob_client.get(page_of(shelf))
    query = {"cursor": first.context["next"]}
    second = bob_client.get(page_of(shelf), query, headers=HTMX)
    assert names(first) + names(second) == ["Group 2", "Group 1", "Group 0"]
    assert "<html" not in text(second)
    assert "Select Group 0" in text(second)


@pytest.mark.parametrize("many", [1, 12])
def test_the_number_of_queries_is_fixed(
    bob_client: Client,
    cast: Cast,
    kind: SimilarityType,
    shelf: Group,
    django_assert_max_num_queries: Queries,
    many: int,
) -> None:
    for number in range(many):
        inner, outer = make_group(kind, f"In {number}"), make_group(kind, f"Out {number}")
        add_images(group=inner, ids=[make_image(cast.workspace, number).pk], actor=cast.bob)
        put(cast, outer, inner)
        put(cast, shelf, outer)
    for address, most in (
        (page_of(shelf), 10),
        ("/groups/", 12),
        (page_of(shelf, "group-groups"), 6),
    ):
        with django_assert_max_num_queries(most):
            assert bob_client.get(address).status_code == 200


# Put some in


def test_the_picker_finds_by_name(
    bob_client: Client, cast: Cast, kind: SimilarityType, shelf: Group, red: Group
) -> None:
    put(cast, shelf, make_group(kind, "Red boot"))
    make_group(make_type(cast.elsewhere), "Red of a stranger")
    make_group(kind, "Blue hat")
    whole = bob_client.get(page_of(shelf, "group-groups"))
    assert offered(whole) == ["Blue hat", "Red shoe"]
    assert "<html" in text(whole)
    found = bob_client.get(
        page_of(shelf, "group-groups"),
        {"search": "rED"},
        headers=HTMX | {"HX-Target": "candidates"},
    )
    assert offered(found) == ["Red shoe"]
    assert text(found).lstrip().startswith('<form id="candidates"')
    assert "1 group shown." in text(found)


def test_the_picker_says_that_there_are_others(
    bob_client: Client, kind: SimilarityType, shelf: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nesting, "OFFERED", 2)
    for number in range(3):
        make_group(kind, f"Group {number}")
    answer = bob_client.get(page_of(shelf, "group-groups"))
    assert offered(answer) == ["Group 0", "Group 1"]
    assert "Showing the first 2" in text(answer)


def test_putting_in_works(bob_client: Client, shelf: Group, red: Group) -> None:
    answer = bob_client.post(page_of(shelf, "group-groups"), {"ids": [red.pk]})
    assert (answer.status_code, answer["Location"]) == (303, page_of(shelf))
    assert told(answer) == "1 group was added to “Shelf”."
    shelf.refresh_from_db()
    assert shelf.groups_count == 1
    assert Change.objects.filter(verb="added groups to", target_id=shelf.pk).count() == 1


def test_putting_in_by_htmx_tells_the_page(
    bob_client: Client, kind: SimilarityType, shelf: Group, red: Group
) -> None:
    make_group(kind, "Red boot")
    url = page_of(shelf, "group-groups") + "?search=red"
    headers = HTMX | {"HX-Target": "candidates"}
    answer = bob_client.post(url, {"ids": [red.pk]}, headers=headers)
    assert offered(answer) == ["Red boot"], "what went in is offered no more"
    assert "group-changed" in answer["HX-Trigger"]
    assert "1 group was added to" in answer["HX-Trigger"]
    inside = bob_client.get(page_of(shelf), headers=HTMX)
    assert text(inside).lstrip().startswith('<div id="inside"')
    assert names(inside) == ["Red shoe"]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_every_refusal_is_one_sentence(
    bob_client: Client,
    cast: Cast,
    kind: SimilarityType,
    shelf: Group,
    red: Group,
    headers: dict[str, str],
) -> None:
    blue = make_group(kind, "Blue hat")
    put(cast, shelf, blue)
    foreign = make_group(make_type(cast.elsewhere))
    offered = {shelf.pk, red.pk, blue.pk}
    for group, ids, sentence in (
        (blue, [shelf.pk], "“Shelf” cannot go into “Blue hat”"),
        (shelf, [shelf.pk], "“Shelf” cannot go into “Shelf”"),
        (red, [blue.pk], "“Red shoe” contains images"),
        (shelf, [red.pk, foreign.pk], "1 of these groups was deleted in the meantime."),
        (shelf, [red.pk, uuid.uuid4()], "1 of these groups was deleted in the meantime."),
        (shelf, [red.pk, "nonsense"], "The selection was not valid"),
        (shelf, [], "Select at least one group first."),
    ):
        answer = bob_client.post(page_of(group, "group-groups"), {"ids": ids}, headers=headers)
        if headers:
            assert (answer.status_code, answer["HX-Reswap"]) == (422, "none")
            said = answer["HX-Trigger"].encode().decode("unicode_escape")
        else:
            assert answer.status_code == 422
            said = answer.content.decode()
            kept = sum(one in offered - {group.pk} for one in ids)
            assert said.count(" checked>") == kept, "the ticks stay"
        assert sentence in said
    assert [row.child for row in GroupNesting.objects.all()] == [blue]


def test_a_name_that_cannot_be_searched_for_is_told(bob_client: Client, shelf: Group) -> None:
    answer = bob_client.get(page_of(shelf, "group-groups"), {"search": "x" * 256})
    assert answer.status_code == 404
    assert "This name cannot be searched for" in text(answer)


@pytest.mark.parametrize("name", ["group-groups", "group-remove-groups"])
def test_a_stranger_and_a_viewer_change_nothing(
    charlie_client: Client, vera_client: Client, shelf: Group, red: Group, name: str
) -> None:
    data = {"ids": [red.pk]}
    assert charlie_client.post(page_of(shelf, name), data).status_code == 404
    assert vera_client.post(page_of(shelf, name), data).status_code == 403
    assert vera_client.get(page_of(shelf, "group-groups")).status_code == 403
    assert not GroupNesting.objects.exists()


# Take some out


def test_taking_out_works(
    bob_client: Client, cast: Cast, kind: SimilarityType, shelf: Group, red: Group
) -> None:
    blue = make_group(kind, "Blue hat")
    put(cast, shelf, red, blue)
    assert f'value="{red.pk}"' in text(bob_client.get(page_of(shelf)))
    url = page_of(shelf, "group-remove-groups")
    for headers in ({}, HTMX):
        asked = bob_client.post(url, {"ids": [red.pk, blue.pk]}, headers=headers)
        assert f"Remove 2 groups from “{shelf}”?" in text(asked)
        assert all(f'<li class="text-break">{one}</li>' in text(asked) for one in (red, blue))
    assert GroupNesting.objects.count() == 2
    answer = bob_client.post(url, {"ids": [red.pk], "asked": "1"})
    assert (answer.status_code, answer["Location"]) == (303, page_of(shelf))
    assert told(answer) == "1 group was removed. The workspace keeps them."
    answer = bob_client.post(url, {"ids": [blue.pk], "asked": "1"}, headers=HTMX)
    assert "This group is empty" in text(answer)
    assert "autofocus" in text(answer), "the focus is not lost with the button"
    shelf.refresh_from_db()
    assert shelf.groups_count == 0
    assert Group.objects.count() == 3


def test_what_is_not_there_takes_nothing_out(
    bob_client: Client, cast: Cast, shelf: Group, red: Group
) -> None:
    put(cast, shelf, red)
    foreign = make_group(make_type(cast.elsewhere))
    url = page_of(shelf, "group-remove-groups")
    for wrong in (foreign.pk, uuid.uuid4(), "nonsense"):
        answer = bob_client.post(url, {"ids": [red.pk, wrong], "asked": "1"}, headers=HTMX)
        assert answer.status_code == 422
    assert "Select at least one group first." in told(bob_client.post(url))
    assert GroupNesting.objects.count() == 1
