"""Watch an extraction, download its file, and read it as the page says."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.files.store import storage
from dashboard.models import Extraction, Job, Version
from tests.extractions import finished, make_extraction
from tests.factories import (
    Cast,
    make_job,
    make_task,
    make_version,
)

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
FORMATS = Extraction.Format.values


@pytest.fixture
def version(cast: Cast) -> Version:
    return make_version(make_task(cast.workspace), dimension=3)


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
    assert read["similarity"].tolist() == [1, 0]


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
