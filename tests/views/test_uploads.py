"""Bring images in: the form, the upload's page, and the list of what failed."""

import io
import re
import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Activity
from dashboard.files import paths, storage
from dashboard.files.errors import ArchiveTooLarge
from dashboard.models import Job, SimilarityType, Upload, UploadFile, UploadPart
from dashboard.queries import uploads
from dashboard.views.upload_spool import Section
from tests.conftest import signed_in
from tests.factories import Cast, drawn_jpeg, make_job, make_type, make_upload

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}
NEW = "/uploads/new"


def jpeg(seed: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{seed}.jpg", drawn_jpeg(seed), "image/jpeg")


def packed() -> SimpleUploadedFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("red/1.jpg", drawn_jpeg(1))
    return SimpleUploadedFile("shoes.zip", stream.getvalue(), "application/zip")


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


# Send files


def test_the_form_works(bob_client: Client, cast: Cast) -> None:
    answer = bob_client.post(NEW, {"file": [jpeg(1), jpeg(2), packed()]})
    upload = Upload.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/uploads/{upload.pk}")
    assert upload.created_by == cast.bob
    assert upload.similarity_type is None
    parts = list(upload.parts.order_by("number"))
    assert [(part.name, part.is_archive) for part in parts] == [
        ("1.jpg", False),
        ("2.jpg", False),
        ("shoes.zip", True),
    ]
    assert [storage.read(part.path) for part in parts[:2]] == [drawn_jpeg(1), drawn_jpeg(2)]
    assert Job.objects.get().subject_id == upload.pk


def test_the_form_has_a_drop_zone_and_the_types(bob_client: Client, cast: Cast) -> None:
    make_type(cast.workspace, "Same pattern")
    make_type(cast.elsewhere, "Secret")
    page = bob_client.get(NEW).content.decode()
    assert "data-dropzone" in page
    assert 'type="file"' in page
    assert " multiple" in page
    assert "Same pattern" in page
    assert "Secret" not in page


def test_a_script_gets_the_address_as_json(bob_client: Client) -> None:
    answer = bob_client.post(NEW, {"file": jpeg()}, headers=JSON)
    assert answer.status_code == 201
    assert answer.json() == {"location": f"/uploads/{Upload.objects.get().pk}"}


def test_folders_go_into_a_type_that_is_there(bob_client: Client, cast: Cast) -> None:
    chosen = make_type(cast.workspace)
    bob_client.post(NEW, {"file": packed(), "similarity_type": chosen.pk})
    assert Upload.objects.get().similarity_type == chosen


def test_folders_go_into_a_new_type(bob_client: Client, cast: Cast) -> None:
    bob_client.post(NEW, {"file": packed(), "new_type": "Same pattern"})
    chosen = SimilarityType.objects.get(name="Same pattern")
    assert chosen.workspace == cast.workspace
    assert Upload.objects.get().similarity_type == chosen
    bob_client.post(NEW, {"file": packed(), "new_type": "Same pattern"})
    assert SimilarityType.objects.count() == 1


def test_the_form_is_not_for_a_viewer(vera_client: Client) -> None:
    assert vera_client.get(NEW).status_code == 403
    assert vera_client.post(NEW, {"file": jpeg()}).status_code == 403
    assert not Upload.objects.exists()


def test_an_upload_of_a_stranger_is_his_own(charlie_client: Client, cast: Cast) -> None:
    theirs = make_type(cast.workspace)
    answer = charlie_client.post(NEW, {"file": jpeg(), "similarity_type": theirs.pk})
    assert answer.status_code == 422
    charlie_client.post(NEW, {"file": jpeg()})
    assert Upload.objects.get().workspace == cast.elsewhere


def test_a_forged_form_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.bob)
    assert client.post(NEW, {"file": jpeg()}).status_code == 403
    client.get(NEW)
    token = client.cookies["csrftoken"].value
    assert client.post(NEW, {"file": jpeg(), "csrfmiddlewaretoken": token}).status_code == 303
    answer = client.post(NEW, {"file": jpeg()}, headers={"X-CSRFToken": token})
    assert answer.status_code == 303


def test_nobody_has_files_received_without_the_right(
    vera_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def received(*_: object) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr("django.http.multipartparser.MultiPartParser.parse", received)
    assert vera_client.post(NEW, {"file": jpeg()}).status_code == 403
    assert Client(enforce_csrf_checks=True).post(NEW, {"file": jpeg()}).status_code == 302


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose at least one picture or ZIP archive."),
        ({"file": "words"}, "Choose at least one picture or ZIP archive."),
        ({"similarity_type": "nonsense"}, "Choose at least one picture"),
    ],
)
def test_a_form_without_files_is_told(
    bob_client: Client, data: dict[str, Any], sentence: str
) -> None:
    answer = bob_client.post(NEW, data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    as_json = bob_client.post(NEW, data, headers=JSON)
    assert (as_json.status_code, list(as_json.json())) == (422, ["error"])
    assert sentence in as_json.json()["error"]


def test_two_answers_to_one_question_are_told(bob_client: Client, cast: Cast) -> None:
    data = {"similarity_type": make_type(cast.workspace).pk, "new_type": "Same pattern"}
    answer = bob_client.post(NEW, data | {"file": jpeg()}, headers=JSON)
    assert answer.json() == {"error": "Choose a type or name a new one, not both."}
    assert not Upload.objects.exists()


def test_too_many_bytes_are_told(bob_client: Client, settings: Settings) -> None:
    settings.LIKEWISE_MAX_UPLOAD = 4_000_000
    files = [SimpleUploadedFile(name, b"1" * 3_000_000) for name in ("a.jpg", "b.jpg")]
    answer = bob_client.post(NEW, {"file": files})
    assert answer.status_code == 422
    assert "This is more than 4 MB" in answer.content.decode()


def test_what_the_service_refuses_is_told(
    bob_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = Mock(side_effect=ArchiveTooLarge("too much"))
    monkeypatch.setattr("dashboard.files.storage.write_stream", refuse)
    assert "The archive holds too much." in bob_client.post(NEW, {"file": jpeg()}).content.decode()
    answer = bob_client.post(NEW, {"file": jpeg()}, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("The archive holds too much.")


def test_too_many_files_are_told(bob_client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    answer = bob_client.post(NEW, {"file": [jpeg(seed) for seed in range(4)]}, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("These are more than 3 files.")
    assert not Upload.objects.exists()


@pytest.fixture
def _few_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 40, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_few_open_files")
def test_many_files_need_few_open_ones(bob_client: Client) -> None:
    files = [SimpleUploadedFile(f"{n}.jpg", b"%d" % n) for n in range(1000)]
    # Beyond what Django would keep in memory.
    files.append(SimpleUploadedFile("large.bin", b"x" * 3_000_000))
    assert bob_client.post(NEW, {"file": files}).status_code == 303
    parts = list(UploadPart.objects.order_by("number"))
    assert len(parts) == 1001
    assert [storage.read(part.path) for part in parts[:3]] == [b"0", b"1", b"2"]
    assert parts[-1].size == 3_000_000


def test_an_empty_file_is_taken_and_fails_alone(bob_client: Client) -> None:
    answer = bob_client.post(NEW, {"file": [SimpleUploadedFile("empty.jpg", b""), jpeg()]})
    assert answer.status_code == 303
    assert UploadPart.objects.count() == 2


def test_an_upload_is_an_activity(bob_client: Client, cast: Cast) -> None:
    bob_client.post(NEW, {"file": jpeg()})
    assert Activity.objects.get(verb="uploaded").actor == cast.bob


def test_a_section_is_read_like_a_file_of_its_own() -> None:
    section = Section(io.BytesIO(b"..first..second.."), 2, 5)
    assert section.read() == b"first"
    assert section.read() == b""
    assert section.seek(-2, io.SEEK_END) == 3
    assert section.read(10) == b"st"
    assert section.seek(1) == section.tell() == 1
    assert section.read(2) == b"ir"
    assert section.seek(1, io.SEEK_CUR) == 4
    assert section.read() == b"t"


# Its page


def test_the_page_works(bob_client: Client, cast: Cast) -> None:
    upload = make_upload(cast.workspace)
    job = make_job(cast.workspace, subject_id=upload.pk)
    page = bob_client.get(f"/uploads/{upload.pk}").content.decode()
    assert f'hx-get="/jobs/{job.pk}/progress"' in page
    assert 'hx-trigger="job-finished from:body"' in page
    assert "What did not come in" not in page


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
    assert "Cancelled. What came in before that stays." in page


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
    assert "address is damaged" in answer.content.decode()


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


def test_the_bytes_are_gone_if_the_rows_fail(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("dashboard.services.uploads._write_rows", broken)
    client = signed_in(cast.bob)
    client.raise_request_exception = False
    assert client.post(NEW, {"file": jpeg()}).status_code == 500
    assert [
        *storage.names(paths.upload(cast.workspace.pk, cast.workspace.pk).rsplit("/", 1)[0])
    ] == []
