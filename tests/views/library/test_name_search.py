"""Every list of named things is searched by a part of the name, in any case, page by page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboard.queries import pages
from dashboard.services.library.groups import add_images
from tests.factories import Cast, make_group, make_image, make_task, make_type

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
FOUND = HTMX | {"HX-Target": "found"}
LISTS = ["images", "types", "groups", "tasks"]


def fill(noun: str, cast: Cast, names: list[str]) -> None:
    kind = make_type(cast.workspace, "Kind") if noun == "groups" else None
    for seed, name in enumerate(names):
        if noun == "images":
            make_image(cast.workspace, seed, file_name=name)
        elif noun == "types":
            make_type(cast.workspace, name)
        elif noun == "tasks":
            make_task(cast.workspace, name)
        else:
            assert kind
            make_group(kind, name)


def text(answer: Any) -> str:
    body: str = answer.content.decode()
    return body


def names(answer: Any) -> list[str]:
    return re.findall(r"\bNo\. \d\b[^<\"]*(?=</(?:span|a)>)", text(answer))


@pytest.mark.parametrize("noun", LISTS)
def test_it_works(vera_client: Client, cast: Cast, noun: str) -> None:
    fill(noun, cast, ["No. 1 Äpfel", "No. 2 100%", "No. 3 apple_a", "No. 4 APPLE"])
    for searched, expected in (
        ("", ["No. 4 APPLE", "No. 3 apple_a", "No. 2 100%", "No. 1 Äpfel"]),
        ("aPPle", ["No. 4 APPLE", "No. 3 apple_a"]),
        ("äPF", ["No. 1 Äpfel"]),
        ("%", ["No. 2 100%"]),
        ("e_", ["No. 3 apple_a"]),
        ("pear", []),
    ):
        query = {"search": searched}
        answer = vera_client.get(f"/{noun}/", query)
        assert names(answer) == expected
        assert f'value="{searched}"' in text(answer)
        fragment = vera_client.get(f"/{noun}/", query, headers=FOUND)
        assert names(fragment) == expected
        assert text(fragment).lstrip().startswith('<div id="found">')
        shown = f"{len(expected)} {noun if len(expected) > 1 else noun[:-1]} shown."
        assert (shown if expected else f"No {noun} found.") in text(fragment)
    assert f"No {noun} found" in text(answer)


@pytest.mark.parametrize("noun", LISTS)
def test_its_pages_keep_what_is_searched_for(
    bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    fill(noun, cast, [f"No. {number} {'odd' if number % 2 else 'even'}" for number in range(9)])
    seen, url = [], f"/{noun}/?search=odd"
    while url:
        answer = bob_client.get(url, headers=HTMX)
        seen += names(answer)
        link = re.search(r'class="btn" href="([^"]*cursor=[^"]*)"', text(answer))
        url = link[1].replace("&amp;", "&") if link else ""
        url = f"/{noun}/{url}" if url.startswith("?") else url
    assert seen == ["No. 7 odd", "No. 5 odd", "No. 3 odd", "No. 1 odd"]


@pytest.mark.parametrize("noun", LISTS)
def test_a_stranger_finds_nothing(charlie_client: Client, cast: Cast, noun: str) -> None:
    fill(noun, cast, ["No. 1 shoe"])
    assert names(charlie_client.get(f"/{noun}/?search=shoe")) == []


@pytest.mark.parametrize("noun", LISTS)
def test_what_cannot_be_searched_for_is_told(bob_client: Client, cast: Cast, noun: str) -> None:
    for searched in ("x" * 256, "nul\0"):
        answer = bob_client.get(f"/{noun}/", {"search": searched})
        assert answer.status_code == 404
        assert "This name cannot be searched for" in text(answer)


@pytest.mark.parametrize("noun", LISTS)
@pytest.mark.parametrize("many", [2, 9])
def test_the_number_of_queries_is_fixed(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries, noun: str, many: int
) -> None:
    fill(noun, cast, [f"No. {number}" for number in range(many)])
    with django_assert_max_num_queries(8):
        assert len(names(bob_client.get(f"/{noun}/?search=no"))) == many


def test_images_by_name_and_every_filter(bob_client: Client, cast: Cast) -> None:
    kind = make_type(cast.workspace)
    group = make_group(kind)
    made = [
        make_image(cast.workspace, seed, file_name=name, test_image=seed < 2)
        for seed, name in enumerate(["No. 1 shoe", "No. 2 hat", "No. 3 shoe", "No. 4 hat"])
    ]
    add_images(group=group, ids=[made[0].pk, made[1].pk, made[2].pk], actor=cast.bob)
    for query, expected in (
        ("test=1", ["No. 1 shoe"]),
        (f"group={group.pk}", ["No. 3 shoe", "No. 1 shoe"]),
        (f"without_type={kind.pk}", []),
    ):
        answer = bob_client.get(f"/images/?search=shoe&{query}")
        assert names(answer) == expected
        assert f'name="{query.partition("=")[0]}"' in text(answer), "the form keeps the filter"
        assert "?search=shoe" in text(answer), "the filters keep the name"
    assert names(bob_client.get(f"/images/?search=hat&without_type={kind.pk}")) == ["No. 4 hat"]


def test_scrolling_gets_tiles_alone(bob_client: Client, cast: Cast) -> None:
    fill("images", cast, ["No. 1"])
    assert text(bob_client.get("/images/", headers=HTMX)).lstrip().startswith("<li")
