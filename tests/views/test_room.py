"""Below the reserve of the disk: what is refused, before what, and what goes on."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboard.files.store import room
from dashboard.jobs import runner
from dashboard.jobs.runner import run_job
from dashboard.models import Extraction, Image, Job, Transfer, Upload, Version
from dashboard.services.doctor.doctor import examine
from dashboard.services.uploads import batches as upload_batches
from dashboard.services.uploads.receiving import open_upload, register_part
from dashboard.services.uploads.receiving_end import finish_receiving
from tests.api.calls import IMAGE, REQUEST
from tests.factories import Cast, api_client, drawn_jpeg, make_image, make_task
from tests.services.uploads.uploaded import received, zipped

SENTENCE = "of disk space left and keeps"
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.services.jobs.queueing.app.send_task", lambda *_, **__: None)


@pytest.fixture
def low(settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LIKEWISE_RESERVE_DISK = 1 << 20
    monkeypatch.setattr(room, "free", lambda: (1 << 20) - 1)


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def unread(length: int = 999) -> dict[str, Any]:
    return {"wsgi.input": Unread(), "CONTENT_LENGTH": str(length)}


@pytest.mark.usefixtures("low")
@pytest.mark.parametrize("path", [IMAGE, REQUEST])
def test_the_api_refuses_before_it_reads_the_body(cast: Cast, path: str) -> None:
    client = api_client(cast.bob)
    client.raise_request_exception = False
    answer = client.generic("POST", path, "", content_type="application/json", **unread())
    assert answer.status_code == 507
    body = answer.json()
    assert SENTENCE in body["detail"]
    assert body["request_id"] == answer["X-Request-ID"]


def test_tus_refuses_before_it_reads_the_body(cast: Cast, request: Any) -> None:
    upload = open_upload(workspace=cast.workspace, name="a", actor=cast.bob)
    part = register_part(upload=upload, name="a.zip", size=999, actor=cast.bob)
    request.getfixturevalue("low")
    client = api_client(cast.bob)
    answer = client.generic(
        "PATCH",
        f"/account/v2/upload/{upload.pk}/part/{part.pk}",
        "",
        content_type="application/offset+octet-stream",
        headers=TUS | {"Upload-Offset": "0"},
        **unread(),
    )
    assert answer.status_code == 507
    assert SENTENCE in answer.json()["detail"]
    assert client.delete(f"/account/v2/upload/{upload.pk}").status_code == 204


@pytest.mark.usefixtures("low")
def test_pages_refuse_what_would_write_much(cast: Cast, ann_client: Client) -> None:
    ann_client.raise_request_exception = False
    file = SimpleUploadedFile("a.jpg", drawn_jpeg(1))
    answers = [
        ann_client.post("/uploads/new", {"file": file}),
        ann_client.post("/uploads/open", {"name": "a"}),
        ann_client.post("/settings/transfers/export"),
        ann_client.post("/settings/transfers/import"),
    ]
    assert [answer.status_code for answer in answers] == [422, 507, 507, 507]
    assert all(SENTENCE in answer.content.decode() for answer in answers)
    counted = [model.objects.count() for model in (Upload, Transfer, Extraction, Version, Job)]
    assert not any(counted)


def test_small_things_go_on(cast: Cast, request: Any) -> None:
    image = make_image(cast.workspace, 1)
    request.getfixturevalue("low")
    client = api_client(cast.bob)
    assert client.patch(f"{IMAGE}{image.pk}", {"test_image": True}).status_code == 200
    assert client.delete(f"{IMAGE}{image.pk}").status_code == 204
    assert client.post("/similarity/training/v2/task/", {"name": "Shoes"}).status_code == 201


def test_a_job_waits_for_room_and_goes_on(
    cast: Cast, request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{seed}.jpg": drawn_jpeg(seed) for seed in range(60)}
    upload = received(cast, {"a.zip": zipped(files)}, auto_commit=True)
    job = finish_receiving(upload=upload, actor=cast.bob)
    free = [1 << 30]
    request.getfixturevalue("low")
    monkeypatch.setattr(room, "free", lambda: free[0])
    committed = upload_batches.Importer._commit

    def fills(importer: Any, items: Any) -> None:
        committed(importer, items)
        free[0] = 0

    with monkeypatch.context() as patch:
        patch.setattr(upload_batches.Importer, "_commit", fills)
        patch.setattr(upload_batches, "FILES_PER_BATCH", 20)
        for _ in range(8):  # more often than a job may break off
            Job.objects.filter(pk=job.pk).update(not_before=None)
            run_job(str(job.pk))
            job.refresh_from_db()
            assert (job.state, job.tries) == (Job.State.QUEUED, 0)
            assert job.not_before is not None
            assert job.not_before > timezone.now() + timedelta(seconds=20)
    assert job.message.startswith("It waits for disk space. This server has")
    assert 0 < Image.objects.count() < 60
    free[0] = 1 << 30
    Job.objects.filter(pk=job.pk).update(not_before=None)
    runner.run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, Image.objects.count()) == (Job.State.DONE, 60)


@pytest.mark.usefixtures("low")
def test_who_runs_the_server_is_told(cast: Cast, alice_client: Client, client: Client) -> None:
    assert client.get("/healthz").json()["disk"] == "low: uploads are rejected"
    page = alice_client.get("/settings/").content.decode()
    assert "Server disk" not in page
    cast.alice.is_staff = True
    cast.alice.save()
    page = alice_client.get("/settings/").content.decode()
    assert "Uploads, exports, extractions and trainings are rejected" in page
    [finding] = [finding for finding in examine(mend=True) if finding.noun == "disk"]
    assert SENTENCE in finding.sentence
    assert not finding.mended


def test_a_limit_that_is_not_seen_before_lets_the_ballast_go_too(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quota of the disk refuses to write while the disk has room: the next try finds it."""
    settings.LIKEWISE_RESERVE_DISK = 16 << 20
    monkeypatch.setattr(room, "free", lambda: 1 << 30)
    image = make_image(cast.workspace, 1)
    room.keep_ballast()
    ballast = settings.LIKEWISE_DATA / "ballast"
    assert ballast.exists()

    def over_quota(**_: object) -> None:
        raise OSError(122, "Disk quota exceeded")

    client = api_client(cast.bob)
    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("dashboard.api.library.images.delete_images", over_quota)
        assert client.delete(f"{IMAGE}{image.pk}").status_code == 507
    assert not ballast.exists()
    assert client.delete(f"{IMAGE}{image.pk}").status_code == 204


# What the page of the settings says of the quota


def test_the_settings_show_what_is_used_of_what(
    cast: Cast, alice_client: Client, settings: Settings
) -> None:
    make_image(cast.workspace, 1)
    make_task(cast.workspace)
    upload = open_upload(workspace=cast.workspace, name="a", actor=cast.bob)
    register_part(upload=upload, name="a.zip", size=2048, actor=cast.bob)
    page = " ".join(alice_client.get("/settings/").content.decode().split())
    assert "No quota is set" in page
    assert "Files of uploads: 1, 2 KB" in page
    settings.LIKEWISE_QUOTA_IMAGES = 4
    page = " ".join(alice_client.get("/settings/").content.decode().split())
    assert '<span class="number">1</span> of <span class="number">4</span> image' in page
    assert 'value="25"' in page
    settings.LIKEWISE_QUOTA_IMAGES = 1
    assert "The quota is reached" in alice_client.get("/settings/").content.decode()
