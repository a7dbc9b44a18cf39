"""Extract what the grid shows, or one group that is found by its name."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboard.forms import extractions as forms
from dashboard.models import Extraction, Version
from dashboard.services.library.groups import add_images
from tests.extractions import make_extraction
from tests.factories import (
    Cast,
    make_group,
    make_image,
    make_task,
    make_type,
    make_version,
)

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
FORMATS = Extraction.Format.values


@pytest.fixture
def version(cast: Cast) -> Version:
    return make_version(make_task(cast.workspace), dimension=3)


# Of a filter


GONE = "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"


def test_the_grid_leads_to_its_filter(bob_client: Client, cast: Cast, version: Version) -> None:
    kind = make_type(cast.workspace)
    make_image(cast.workspace, file_name="shoe 1.jpg")
    grid = bob_client.get(f"/images/?without_type={kind.pk}&search=shoe&cursor=").content.decode()
    link = re.search(r'href="(/extractions/\?filter=[^"]*)"', grid)
    assert link
    page = bob_client.get(html.unescape(link[1])).content.decode()
    words = "images in no group of the type “Same product”, with “shoe” in the file name"
    assert f"Source: {words}." in page
    assert "No group" not in page
    kept = re.search(r'name="filter" value="([^"]*)"', page)
    assert kept
    data = {"version": version.pk, "file_format": "csv", "filter": html.unescape(kept[1])}
    answer = bob_client.post("/extractions/", data)
    assert answer.status_code == 303
    extraction = Extraction.objects.get()
    assert extraction.filter == {"without_type": str(kind.pk), "search": "shoe"}
    assert extraction.filter_words == words
    again = bob_client.get(answer["Location"]).content.decode()
    assert words[1:] in again
    assert words[1:] in bob_client.get("/extractions/").content.decode()


def test_the_whole_grid_leads_to_all_images(bob_client: Client, cast: Cast) -> None:
    make_image(cast.workspace)
    assert 'href="/extractions/"' in bob_client.get("/images/").content.decode()
    page = bob_client.get("/images/?test=1")
    assert "Extract embeddings of these images" not in page.content.decode()


def test_the_link_follows_a_search_that_htmx_makes(bob_client: Client, cast: Cast) -> None:
    make_image(cast.workspace, file_name="shoe.jpg")
    headers = HTMX | {"HX-Target": "found"}
    found = bob_client.get("/images/?search=shoe", headers=headers).content.decode()
    assert "<html" not in found
    assert 'href="/extractions/?filter=search%3Dshoe"' in found


def test_a_filter_that_leaves_nothing_out_is_none(bob_client: Client, version: Version) -> None:
    data = {"version": version.pk, "file_format": "csv", "filter": "cursor=x&search="}
    assert bob_client.post("/extractions/", data).status_code == 303
    assert (Extraction.objects.get().filter, Extraction.objects.get().filter_words) == ({}, "")


@pytest.mark.parametrize(
    "query", [f"without_type={GONE}", f"group={GONE}", "group=nonsense", "search=%00", "group=%00"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_filter_that_is_damaged_is_told(
    bob_client: Client, version: Version, method: str, query: str
) -> None:
    data = {"version": version.pk, "file_format": "csv", "filter": query}
    answer = getattr(bob_client, method)("/extractions/", data)
    assert answer.status_code == 404
    assert "This filter no longer applies" in answer.content.decode()
    assert not Extraction.objects.exists()


def test_a_filter_by_what_is_elsewhere_is_not_there(
    charlie_client: Client, cast: Cast, version: Version
) -> None:
    make_version(make_task(cast.elsewhere))
    kind = make_type(cast.workspace)
    answer = charlie_client.get("/extractions/", {"filter": f"without_type={kind.pk}"})
    assert answer.status_code == 404
    assert "Same product" not in answer.content.decode()


def test_a_filter_and_a_group_are_too_much(
    bob_client: Client, cast: Cast, version: Version
) -> None:
    group = make_group(make_type(cast.workspace))
    data = {"version": version.pk, "file_format": "csv", "filter": "test=1", "group": group.pk}
    answer = bob_client.post("/extractions/", data)
    assert answer.status_code == 422
    assert "Choose a filter, or a type or a group, not both." in answer.content.decode()


def test_one_that_failed_is_extracted_again_with_its_filter(
    bob_client: Client, version: Version
) -> None:
    extraction = make_extraction(
        version, filter={"search": "a&b", "test": True}, filter_words="images of a & b"
    )
    page = bob_client.get(f"/extractions/{extraction.pk}").content.decode()
    link = re.search(r'href="(/extractions/\?version=[^"]*)"', page)
    assert link
    again = bob_client.get(html.unescape(link[1])).content.decode()
    assert "with a test mark, with “a&amp;b” in the file name" in again


@pytest.mark.parametrize("name", ["group", "version"])
def test_pages_of_things_lead_to_the_form(bob_client: Client, cast: Cast, name: str) -> None:
    group = make_group(make_type(cast.workspace))
    add_images(group=group, ids=[make_image(cast.workspace).pk], actor=cast.bob)
    thing = group if name == "group" else make_version(make_task(cast.workspace))
    page = bob_client.get(f"/{name}s/{thing.pk}").content.decode()
    assert f'href="/extractions/?{name}={thing.pk}"' in page


# Any group can be found


def test_a_group_is_found_by_its_name(
    bob_client: Client, cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "GROUPS_LISTED", 2)
    kind = make_type(cast.workspace)
    for name in ("Red shoe", "Blue hat", "Green hat", "Grey hat"):
        make_group(kind, name)
    page = bob_client.get("/extractions/").content.decode()
    assert "Red shoe" not in page
    assert "The newest 2 groups are listed" in page
    page = bob_client.get("/extractions/?group_name=SHOE").content.decode()
    assert "Red shoe (Same product)</option>" in page
    assert "hat" not in page.partition('id="group-choice"')[2].partition("</select>")[0]
    assert 'value="SHOE"' in page


def test_htmx_gets_the_choice_alone_with_what_was_chosen(
    bob_client: Client, cast: Cast, version: Version
) -> None:
    kind = make_type(cast.workspace)
    chosen = make_group(kind, "Red shoe")
    make_group(kind, "Blue hat")
    answer = bob_client.get(
        "/extractions/",
        {"group_name": "hat", "group": chosen.pk},
        headers=HTMX | {"HX-Target": "group-choice"},
    )
    text = answer.content.decode()
    assert text.strip().startswith('<div id="group-choice">')
    assert f'<option value="{chosen.pk}" selected>' in text
    assert "Blue hat (Same product)</option>" in text
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize("name", ["nothing", "%00", "x" * 300])
def test_a_group_that_is_not_there_is_told(
    bob_client: Client, cast: Cast, version: Version, name: str
) -> None:
    make_group(make_type(cast.workspace))
    page = bob_client.get(f"/extractions/?group_name={name}")
    assert page.status_code == 200
    if name != "%00":
        assert "No group has this in its name." in page.content.decode()
