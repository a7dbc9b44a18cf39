"""An admin exports a workspace, downloads the archive, deletes it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import Job, Transfer, Upload
from dashboard.services.exchange.transfers import open_import, start_export
from dashboard.services.jobs.subject_end import cancel_job
from tests.factories import Cast, make_group, make_image, make_type, signed_in
from tests.transfers import bring, export, sent

PAGES = ("transfers", "transfer-export", "transfer-import")


def test_it_works(cast: Cast, ann_client: Client) -> None:
    make_image(cast.workspace)
    make_group(make_type(cast.workspace))
    answer = ann_client.post(reverse("transfer-export"))
    assert answer.status_code == 303
    page = ann_client.get(answer["Location"]).content.decode()
    assert "You can leave this page" in page
    assert "Download" not in page
    run_job(str(Job.objects.get(kind=Job.Kind.EXPORT).pk))
    page = ann_client.get(answer["Location"]).content.decode()
    assert "Download" in page
    made = Transfer.objects.get()
    file = ann_client.get(reverse("transfer-file", args=[made.pk]))
    assert file["Content-Type"] == "application/zip"
    assert file["Content-Disposition"].startswith('attachment; filename="alices-shop-')
    data = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert (len(data), data[:4]) == (made.size, b"PK\x03\x04")
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.message == "1 image, 1 group, 0 tasks and 0 collections imported."


@pytest.mark.parametrize(
    ("asked", "status", "stretch"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-22", 206, slice(-22, None)),
        ("bytes=5-99999999999", 206, slice(5, None)),
        ("bytes=99999999999-", 416, slice(0, 0)),
        ("bytes=-0", 416, slice(0, 0)),
        ("bytes=9-3", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_download_goes_on_where_it_broke_off(
    cast: Cast, ann_client: Client, asked: str, status: int, stretch: slice
) -> None:
    made, data = export(cast.workspace, cast.ann)
    url = reverse("transfer-file", args=[made.pk])
    answer = ann_client.get(url, headers={"range": asked})
    assert answer.status_code == status
    body = answer.content if status == 416 else b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert body == data[stretch]
    assert answer["Accept-Ranges"] == "bytes"
    if status == 206:
        start, stop, _ = stretch.indices(len(data))
        assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{len(data)}"
        assert answer["Content-Length"] == str(len(body))
        other = ann_client.get(url, headers={"range": asked, "if-range": '"another"'})
        assert b"".join(other.streaming_content) == data  # type: ignore[attr-defined]
        same = ann_client.get(url, headers={"range": asked, "if-range": answer["ETag"]})
        assert b"".join(same.streaming_content) == body  # type: ignore[attr-defined]
        assert (other.status_code, same.status_code) == (200, 206)


def test_there_is_no_file_before_it_is_whole(cast: Cast, ann_client: Client) -> None:
    made, _ = start_export(workspace=cast.workspace, actor=cast.ann)
    assert ann_client.get(reverse("transfer-file", args=[made.pk])).status_code == 404


def test_a_file_that_is_gone(cast: Cast, ann_client: Client) -> None:
    made, _ = export(cast.workspace, cast.ann)
    storage.delete(made.path)
    assert ann_client.get(reverse("transfer-file", args=[made.pk])).status_code == 404


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_only_an_admin(cast: Cast, name: str) -> None:
    client = signed_in(getattr(cast, name))
    made, _ = export(cast.workspace, cast.ann)
    for page in ("transfer", "transfer-file"):
        assert client.get(reverse(page, args=[made.pk])).status_code == 403
    assert client.get(reverse("transfers")).status_code == 403
    for page in ("transfer-export", "transfer-import"):
        assert client.post(reverse(page)).status_code == 403
    assert client.post(reverse("transfer-delete", args=[made.pk])).status_code == 403
    assert reverse("transfers") not in client.get(reverse("settings")).content.decode()
    assert Transfer.objects.count() == 1


def test_a_stranger(cast: Cast, charlie_client: Client) -> None:
    made, _ = export(cast.workspace, cast.ann)
    for page in ("transfer", "transfer-file"):
        assert charlie_client.get(reverse(page, args=[made.pk])).status_code == 404
    assert charlie_client.post(reverse("transfer-delete", args=[made.pk])).status_code == 404
    assert str(made.pk) not in charlie_client.get(reverse("transfers")).content.decode()


def test_delete(
    cast: Cast, ann_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    made, _ = export(cast.workspace, cast.ann)
    with django_capture_on_commit_callbacks(execute=True):
        answer = ann_client.post(reverse("transfer-delete", args=[made.pk]))
    assert (answer.status_code, answer["Location"]) == (303, reverse("transfers"))
    assert not storage.exists(made.path)
    assert not Transfer.objects.exists()


def test_delete_an_import(
    cast: Cast, ann_client: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    """It ends where it is, and what was sent goes."""
    _, data = export(cast.elsewhere, cast.charlie)
    made, job = sent(cast.workspace, data, cast.ann)
    with django_capture_on_commit_callbacks(execute=True):
        ann_client.post(reverse("transfer-delete", args=[made.pk]))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not Upload.objects.exists()
    assert not list(storage.names(f"{cast.workspace.id}/uploads"))


def test_an_import_is_sent_as_an_upload_is(cast: Cast, ann_client: Client) -> None:
    answer = ann_client.post(reverse("transfer-import"))
    made = Transfer.objects.get()
    assert made.upload is not None
    assert made.upload.purpose == Upload.Purpose.WORKSPACE
    assert answer["Location"] == reverse("upload-sending", args=[made.upload.pk])
    page = ann_client.get(reverse("transfer", args=[made.pk])).content.decode()
    assert "not completely uploaded yet" in page


def test_what_was_refused_is_said(cast: Cast, ann_client: Client) -> None:
    made, _ = bring(cast.workspace, b"no archive", cast.ann)
    page = ann_client.get(reverse("transfer", args=[made.pk])).content.decode()
    assert "This is not a complete archive" in page


def test_the_list_takes_a_fixed_number_of_queries(
    cast: Cast,
    ann_client: Client,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    for _ in range(5):
        start_export(workspace=cast.workspace, actor=cast.ann)
        open_import(workspace=cast.workspace, name="x.zip", actor=cast.ann)
    with django_assert_max_num_queries(6):
        page = ann_client.get(reverse("transfers")).content.decode()
    assert page.count("Export of Alice’s shop") == 5
    assert page.count("Waiting for its archive") == 5


@pytest.mark.parametrize("kind", [Job.Kind.EXPORT, Job.Kind.IMPORT])
def test_only_who_may_begin_one_may_try_it_again(
    cast: Cast, bob_client: Client, ann_client: Client, kind: Job.Kind
) -> None:
    if kind == Job.Kind.EXPORT:
        job = start_export(workspace=cast.workspace, actor=cast.ann)[1]
    else:
        data = export(cast.elsewhere, cast.charlie)[1]
        job = sent(cast.workspace, data, cast.ann)[1]
    cancel_job(job=job, actor=cast.ann)
    for page in (reverse("jobs"), reverse("job", args=[job.pk])):
        assert "Retry" not in bob_client.get(page).content.decode()
        assert "Retry" in ann_client.get(page).content.decode()
    assert bob_client.post(reverse("job-retry", args=[job.pk])).status_code == 403
    assert ann_client.post(reverse("job-retry", args=[job.pk])).status_code == 303
