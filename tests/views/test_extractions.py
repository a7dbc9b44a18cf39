"""Descriptors as a file: ask for them, watch, download, and read as the page says."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from dashboard.files import paths, storage
from dashboard.files.tables import Described, Header, write_table
from dashboard.forms import extractions as forms
from dashboard.models import Extraction, Job, Version
from dashboard.queries import pages
from dashboard.services.groups import add_images
from tests.factories import (
    Cast,
    make_group,
    make_image,
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


def make_extraction(version: Version, kind: str = "csv", **fields: Any) -> Extraction:
    return Extraction.objects.create(
        workspace=version.workspace, version=version, format=kind, **fields
    )


def finished(version: Version, kind: str, folder: Path) -> Extraction:
    """Make an extraction of two images whose file is there."""
    extraction = make_extraction(version, kind)
    path = paths.extraction(version.workspace_id, extraction.pk, kind)
    header = Header(str(version.task_id), "Shoes", 1, 3, "builtin-1", 2)
    rows = [
        Described(f"{number}", f"Schuh {number}.jpg", ["Rot"], np.eye(3, dtype=np.float32)[number])
        for number in range(2)
    ]
    write_table(folder / "aside", kind, header, rows)
    storage.write(path, (folder / "aside").read_bytes())
    extraction.path, extraction.size, extraction.count = path, storage.size(path), 2
    extraction.save()
    return extraction


# The list and its form


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
        ({"version": "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"}, "This version is no longer there"),
        ({"file_format": "pickle"}, "Choose one of the four formats."),
        ({"group": "b7b6d5a5-4d8c-4a4e-9d5c-0e5f3c6e8a11"}, "This group is no longer there"),
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
    with django_assert_max_num_queries(9):
        bob_client.get("/extractions/")


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
    assert f"Of {words}." in page
    assert "No single group" not in page
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
    assert "Extract descriptors of these" not in bob_client.get("/images/?test=1").content.decode()


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
    assert "This filter is no longer there" in answer.content.decode()
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
    assert "kept back for testing, with “a&amp;b” in the file name" in again


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
    assert "The newest 2 are listed" in page
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
        assert "No group has that in its name." in page.content.decode()


# Its page


def test_the_page_works(bob_client: Client, cast: Cast, version: Version) -> None:
    extraction = make_extraction(version)
    job = make_job(cast.workspace, kind=Job.Kind.EXTRACT, subject_id=extraction.pk)
    page = bob_client.get(f"/extractions/{extraction.pk}").content.decode()
    assert f'hx-get="/jobs/{job.pk}/progress"' in page
    assert 'hx-trigger="job-finished from:body"' in page
    assert "Download" not in page
    assert (
        f'href="/extractions/{extraction.pk}"' in bob_client.get(f"/jobs/{job.pk}").content.decode()
    )


def test_once_it_is_over_there_is_a_file(
    bob_client: Client, cast: Cast, version: Version, tmp_path: Path
) -> None:
    extraction = finished(version, "csv", tmp_path)
    fields = {"state": Job.State.DONE, "finished": timezone.now(), "kind": Job.Kind.EXTRACT}
    make_job(cast.workspace, subject_id=extraction.pk, **fields)
    answer = bob_client.get(f"/extractions/{extraction.pk}", headers=HTMX)
    text = answer.content.decode()
    assert text.strip().startswith('<div class="mt-3" id="outcome"')
    assert "hx-trigger" not in text
    assert f'href="/extractions/{extraction.pk}/file"' in text
    assert "shoes-v1-all-images.csv" in text


def test_one_that_failed_says_so(bob_client: Client, cast: Cast, version: Version) -> None:
    extraction = make_extraction(version)
    fields = {"state": Job.State.FAILED, "finished": timezone.now(), "message": "The disk is full."}
    make_job(cast.workspace, subject_id=extraction.pk, kind=Job.Kind.EXTRACT, **fields)
    page = bob_client.get(f"/extractions/{extraction.pk}").content.decode()
    assert "There is no file. The disk is full." in page
    assert f"/extractions/?version={version.pk}&amp;" in page


def test_an_extraction_without_a_job_has_a_page(bob_client: Client, version: Version) -> None:
    assert bob_client.get(f"/extractions/{make_extraction(version).pk}").status_code == 200


@pytest.mark.parametrize("path", ["", "/file"])
def test_an_extraction_is_not_there_for_a_stranger(
    charlie_client: Client, version: Version, tmp_path: Path, path: str
) -> None:
    extraction = finished(version, "csv", tmp_path)
    assert charlie_client.get(f"/extractions/{extraction.pk}{path}").status_code == 404


def test_a_viewer_may_watch(vera_client: Client, version: Version) -> None:
    assert vera_client.get(f"/extractions/{make_extraction(version).pk}").status_code == 200


def test_the_page_needs_few_queries(
    bob_client: Client, cast: Cast, version: Version, django_assert_max_num_queries: Queries
) -> None:
    extraction = make_extraction(version)
    make_job(cast.workspace, kind=Job.Kind.EXTRACT, subject_id=extraction.pk)
    with django_assert_max_num_queries(5):
        bob_client.get(f"/extractions/{extraction.pk}")


# The file


@pytest.mark.parametrize("kind", FORMATS)
def test_the_file_works_as_the_page_says(
    vera_client: Client,
    version: Version,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    extraction = finished(version, kind, tmp_path)
    answer = vera_client.get(f"/extractions/{extraction.pk}/file")
    name = f"shoes-v1-all-images.{kind}"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Content-Length"] == str(extraction.size)
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(answer.getvalue())
    page = vera_client.get(f"/extractions/{extraction.pk}").content.decode()
    snippet = re.search(r'<pre id="reading"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert snippet
    read: dict[str, Any] = {}
    exec(html.unescape(snippet[1]), read)
    assert list(read["ids"]) == ["0", "1"]
    assert list(read["names"]) == ["Schuh 0.jpg", "Schuh 1.jpg"]
    assert read["alike"].tolist() == [1, 0]


def test_no_file_before_it_is_complete(bob_client: Client, version: Version) -> None:
    assert bob_client.get(f"/extractions/{make_extraction(version).pk}/file").status_code == 404


def test_a_file_that_is_gone_is_not_there(
    bob_client: Client, version: Version, tmp_path: Path
) -> None:
    extraction = finished(version, "csv", tmp_path)
    storage.delete(extraction.path)
    assert bob_client.get(f"/extractions/{extraction.pk}/file").status_code == 404


def test_a_name_cannot_leave_its_place(bob_client: Client, cast: Cast, tmp_path: Path) -> None:
    version = make_version(make_task(cast.workspace, '../"\r\n</pre>Größe'), dimension=3)
    extraction = finished(version, "csv", tmp_path)
    answer = bob_client.get(f"/extractions/{extraction.pk}/file")
    assert answer.getvalue()
    assert (
        "größe" in answer["Content-Disposition"]
        or "gr%C3%B6%C3%9Fe" in answer["Content-Disposition"]
    )
    assert "</pre>Größe" not in bob_client.get(f"/extractions/{extraction.pk}").content.decode()
