"""Ask for descriptors as a file, and find it in the list."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboard.forms import extractions as forms
from dashboard.models import Extraction, Job, Version
from dashboard.queries import pages
from tests.extractions import make_extraction
from tests.factories import (
    Cast,
    make_group,
    make_job,
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


def test_the_form_works(bob_client: Client, cast: Cast, version: Version) -> None:
    data = {"version": version.pk, "file_format": "parquet"}
    answer = bob_client.post("/extractions/", data)
    extraction = Extraction.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/extractions/{extraction.pk}")
    assert (extraction.version, extraction.format) == (version, "parquet")
    assert (extraction.group, extraction.similarity_type) == (None, None)
    assert extraction.created_by == cast.bob
    assert Job.objects.get(kind=Job.Kind.EXTRACT).subject_id == extraction.pk


def test_of_a_type_or_a_group(bob_client: Client, cast: Cast, version: Version) -> None:
    group = make_group(make_type(cast.workspace))
    data = {"version": version.pk, "file_format": "csv"}
    bob_client.post("/extractions/", data | {"group": group.pk})
    bob_client.post("/extractions/", data | {"similarity_type": group.similarity_type_id})
    of_group, of_type = Extraction.objects.order_by("created")
    assert of_group.group == group
    assert of_type.similarity_type == group.similarity_type
    page = bob_client.get("/extractions/").content.decode()
    assert "Images of the group “Red shoe”" in page
    assert "Images of the type “Same product”" in page


def test_the_list_of_a_stranger_is_empty(charlie_client: Client, version: Version) -> None:
    make_extraction(version)
    make_group(make_type(version.workspace))
    page = charlie_client.get("/extractions/").content.decode()
    assert "Shoes" not in page
    assert "Red shoe" not in page
    assert "No trained version yet" in page


def test_a_viewer_may_extract(vera_client: Client, version: Version) -> None:
    assert vera_client.get("/extractions/").status_code == 200
    data = {"version": version.pk, "file_format": "csv"}
    assert vera_client.post("/extractions/", data).status_code == 303


def test_the_address_fills_the_form(
    bob_client: Client, cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "GROUPS_LISTED", 1)
    group = make_group(make_type(cast.workspace))
    make_group(group.similarity_type, "Newer")
    page = bob_client.get(f"/extractions/?version={version.pk}&group={group.pk}").content.decode()
    assert f'<option value="{version.pk}" selected>' in page
    assert f'<option value="{group.pk}" selected>Red shoe (Same product)</option>' in page
    page = bob_client.get("/extractions/").content.decode()
    assert f'<option value="{version.pk}" selected>' in page
    assert bob_client.get("/extractions/?group=nonsense&version=x").status_code == 200


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose a trained version."),
        ({"version": "x"}, "x"),
        ({"version": "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"}, "This version was deleted"),
        ({"file_format": "pickle"}, "Choose one of the four formats."),
        ({"group": "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"}, "This group was deleted"),
        ({"group": "BOTH"}, "Choose a type or a group, not both."),
    ],
)
def test_a_wrong_form_is_told(
    bob_client: Client, cast: Cast, version: Version, data: dict[str, Any], sentence: str
) -> None:
    if data.get("group") == "BOTH":
        group = make_group(make_type(cast.workspace))
        data = {"group": group.pk, "similarity_type": group.similarity_type_id}
    if data and "version" not in data:
        data = {"version": version.pk, "file_format": "csv"} | data
    answer = bob_client.post("/extractions/", data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Extraction.objects.exists()


def test_what_is_elsewhere_cannot_be_chosen(charlie_client: Client, version: Version) -> None:
    group = make_group(make_type(version.workspace))
    data = {"version": version.pk, "group": group.pk, "file_format": "csv"}
    answer = charlie_client.post("/extractions/", data)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"version", "group"}


def test_a_version_that_is_not_trained_cannot_be_chosen(bob_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace), status=Version.Status.ERROR)
    data = {"version": version.pk, "file_format": "csv"}
    assert bob_client.post("/extractions/", data).status_code == 422


def test_the_list_goes_on_where_the_page_ended(
    bob_client: Client, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.page, "__defaults__", ("", 2))
    made = [str(make_extraction(version).pk) for _ in range(5)]
    seen, url = [], "/extractions/"
    while url:
        text = bob_client.get(url, headers=HTMX).content.decode()
        assert "<html" not in text
        seen += re.findall(r'href="/extractions/([0-9a-f-]{36})"', text)
        link = re.search(r'href="(/extractions/\?cursor=[^"]*)"', text)
        url = link[1] if link else ""
    assert seen == made[::-1]
    assert bob_client.get("/extractions/?cursor=nonsense").status_code == 404


def test_the_list_needs_few_queries(
    bob_client: Client, cast: Cast, version: Version, django_assert_max_num_queries: Queries
) -> None:
    kind = make_type(cast.workspace)
    for number in range(5):
        extraction = make_extraction(version, group=make_group(kind, f"Group {number}"))
        make_job(cast.workspace, kind=Job.Kind.EXTRACT, subject_id=extraction.pk)
    with django_assert_max_num_queries(10):
        bob_client.get("/extractions/")
