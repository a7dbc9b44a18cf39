"""An upload's page, and the list of what failed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import Job, Upload, UploadFile, UploadPart
from dashboard.queries.uploads import uploads
from tests.factories import Cast, make_job, make_type, make_upload

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}


def make_failures(upload: Upload, *reasons: str) -> None:
    part = UploadPart.objects.create(
        upload=upload, number=0, name="a.zip", size=1, path="a", kind="archive", listed=True
    )
    for number, reason in enumerate(reasons):
        UploadFile.objects.create(
            upload=upload,
            part=part,
            number=number,
            name=f"{number}.jpg",
            status=UploadFile.Status.FAILED,
            reason=reason,
        )


# Its page


def test_the_page_works(bob_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace)
    job = make_job(cast.workspace, subject_id=upload.pk)
    page = bob_client.get(f"/uploads/{upload.pk}").content.decode()
    assert f'hx-get="/jobs/{job.pk}/progress"' in page
    assert 'hx-trigger="job-finished from:body"' in page
    assert "Files that were not imported" not in page


def test_once_it_is_over_the_page_tells_the_outcome(bob_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace, similarity_type=make_type(cast.workspace))
    make_job(cast.workspace, subject_id=upload.pk, state=Job.State.DONE, finished=timezone.now())
    make_failures(upload, "The image is damaged.")
    answer = bob_client.get(f"/uploads/{upload.pk}", headers=HTMX)
    text = answer.content.decode()
    assert text.strip().startswith('<div class="mt-3" id="outcome"')
    assert "hx-trigger" not in text
    assert "The image is damaged." in text
    assert f"/groups/?type={upload.similarity_type_id}" in text
    others = {"added": 0, "known": 0, "waiting": 0, "left_out": 0}
    assert answer.context["counts"] == others | {"failed": 1}


def test_a_cancelled_one_tells_what_it_left(bob_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace)
    fields = {"state": Job.State.CANCELLED, "finished": timezone.now(), "message": "Cancelled."}
    make_job(cast.workspace, subject_id=upload.pk, **fields)
    page = bob_client.get(f"/uploads/{upload.pk}").content.decode()
    assert "Cancelled. What was imported before that stays." in page


def test_an_upload_without_a_job_has_a_page(bob_client: Client, cast: Cast) -> None:
    assert bob_client.get(f"/uploads/{make_upload(cast.workspace).pk}").status_code == 200


def test_failures_go_on_where_the_page_ended(
    bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads.failure_page, "__defaults__", ("", 2))
    upload = make_upload(cast.workspace)
    make_failures(upload, *"abcde")
    seen, url = [], f"/uploads/{upload.pk}"
    while url:
        answer = bob_client.get(url, headers=HTMX)
        text = answer.content.decode()
        seen += re.findall(r"<span>(\w)</span>", text)
        link = re.search(r'href="([^"]*cursor=[^"]*)"', text)
        url = link[1] if link else ""
    assert seen == [*"abcde"]
    assert text.strip().startswith("<tr>")


@pytest.mark.parametrize("cursor", ["nonsense", "-1", "9" * 30, "²"])
def test_a_damaged_cursor_says_so(bob_client: Client, cast: Cast, cursor: str) -> None:
    upload = make_upload(cast.workspace)
    answer = bob_client.get(f"/uploads/{upload.pk}", {"cursor": cursor})
    assert answer.status_code == 404
    assert "URL of this page is damaged" in answer.content.decode()


@pytest.mark.parametrize("path", ["", "/failures.csv"])
def test_an_upload_is_not_there_for_a_stranger(
    charlie_client: Client, cast: Cast, path: str
) -> None:
    upload = make_upload(cast.workspace)
    assert charlie_client.get(f"/uploads/{upload.pk}{path}").status_code == 404


def test_a_viewer_may_watch(vera_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace)
    assert vera_client.get(f"/uploads/{upload.pk}").status_code == 200


def test_the_page_needs_few_queries(
    bob_client: Client, cast: Cast, django_assert_max_num_queries: Queries
) -> None:
    upload = make_upload(cast.workspace)
    make_job(cast.workspace, subject_id=upload.pk)
    make_failures(upload, *"abcdefgh")
    with django_assert_max_num_queries(7):
        bob_client.get(f"/uploads/{upload.pk}")


# The failures as a file


def test_the_csv_works(bob_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace, name="Schöne Schuhe.zip")
    make_failures(upload, "It is damaged.", 'He said "no", twice')
    answer = bob_client.get(f"/uploads/{upload.pk}/failures.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer.getvalue().decode().splitlines() == [
        "file,reason",
        "0.jpg,It is damaged.",
        '1.jpg,"He said ""no"", twice"',
    ]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(bob_client: Client, cast: Cast, sign: str) -> None:
    upload = make_upload(cast.workspace)
    make_failures(upload, "It is damaged.")
    UploadFile.objects.update(name=f"{sign}cmd|calc!A1.jpg")
    answer = bob_client.get(f"/uploads/{upload.pk}/failures.csv")
    assert f"'{sign}cmd" in answer.getvalue().decode()
