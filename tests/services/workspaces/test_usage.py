"""What a workspace takes up is counted exactly, and no road into it passes its quota."""

import io
from collections import Counter
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.errors import TooManyWorkspaces
from accounts.models import Membership, Role, Workspace
from accounts.team import hand_over
from dashboard.files.images import images as pictures
from dashboard.models import Image, Job, Upload, Usage
from dashboard.queries.workspaces.usage import used, wrong_usages
from dashboard.services.errors import ImageExists
from dashboard.services.exchange.transfers import start_export
from dashboard.services.jobs.retries import retry_job
from dashboard.services.library.images import delete_images
from dashboard.services.uploads.batches import Importer
from dashboard.services.uploads.demo import start_demo
from dashboard.services.uploads.receiving import (
    discard_upload,
    forget_bytes,
    open_upload,
    register_part,
    withdraw_part,
)
from dashboard.services.uploads.uploads import SentFile, start_upload
from dashboard.services.workspaces.usage import QuotaReached
from dashboard.services.workspaces.workspaces import open_workspace
from tests.api.calls import IMAGE
from tests.api.requests.long_requests import as_base64, done
from tests.factories import Cast, api_client, drawn_jpeg, drawn_png, make_image
from tests.services.doctor.examined import found
from tests.services.uploads.uploaded import (
    SHOES,
    brought_in,
    image_files,
    outcome,
    ran,
    reasons,
    received,
    undone,
    zipped,
)
from tests.transfers import bring

pytestmark = pytest.mark.usefixtures("worker")


def counted(workspace: Workspace, what: str = Usage.What.IMAGES) -> tuple[int, int]:
    """Return count and bytes as they are kept, which must be what the rows say."""
    assert not any(wrong_usages(what).exists() for what in Usage.What)
    row = Usage.objects.filter(workspace=workspace, what=what).first()
    return (row.count, row.size) if row else (0, 0)


def many(count: int, first: int = 0) -> dict[str, bytes]:
    return {f"{seed:03}.jpg": drawn_jpeg(seed) for seed in range(first, first + count)}


def sent(cast: Cast, files: dict[str, bytes]) -> Upload:
    return received(cast, {"a.zip": zipped(files)}, auto_commit=True)


# Counting


def test_it_counts_images_once_by_their_content(cast: Cast) -> None:
    one, two = make_image(cast.workspace, 1), make_image(cast.workspace, 2)
    assert counted(cast.workspace) == (2, one.file_size + two.file_size)
    with pytest.raises(ImageExists):
        make_image(cast.workspace, 1)
    assert counted(cast.workspace)[0] == 2
    delete_images(workspace=cast.workspace, ids=[one.pk], actor=cast.bob)
    assert counted(cast.workspace) == (1, two.file_size)
    assert make_image(cast.workspace, 1).pk == one.pk  # it comes back
    assert counted(cast.workspace)[0] == 2
    assert counted(cast.elsewhere) == (0, 0)


def test_it_counts_what_uploads_bring_and_undoing_takes(cast: Cast) -> None:
    make_image(cast.workspace, 1)
    upload = sent(cast, SHOES)
    job = brought_in(upload)
    assert (job.done, job.skipped) == (2, 1)
    assert counted(cast.workspace)[0] == 3
    assert counted(cast.workspace, Usage.What.UPLOADS) == (0, 0)
    undone(upload)
    assert counted(cast.workspace)[0] == 1
    assert found() == []


def test_a_batch_that_is_taken_back_counts_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = sent(cast, SHOES)

    def kill(_importer: Importer, _items: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Importer, "_place", kill)
        with pytest.raises(KeyboardInterrupt):
            brought_in(upload)
    assert counted(cast.workspace) == (0, 0)
    Job.objects.update(state=Job.State.QUEUED, owner="", not_before=None)
    ran(Job.objects.get(subject_id=upload.pk, kind=Job.Kind.UPLOAD))
    assert counted(cast.workspace)[0] == 3


def test_files_that_are_named_count_until_they_are_forgotten(cast: Cast, upload: Upload) -> None:
    waiting = Usage.What.UPLOADS
    parts = [
        register_part(upload=upload, name=f"{size}.zip", size=size, actor=cast.bob)
        for size in (5, 7, 9)
    ]
    assert counted(cast.workspace, waiting) == (3, 21)
    again = register_part(upload=upload, name="hashed", size=1, sha256="a" * 64, actor=cast.bob)
    assert register_part(upload=upload, name="hashed", size=1, sha256="a" * 64, actor=cast.bob) == (
        again
    )
    assert counted(cast.workspace, waiting) == (4, 22)
    withdraw_part(part=parts[0], actor=cast.bob)
    assert counted(cast.workspace, waiting) == (3, 17)
    forget_bytes(upload)
    forget_bytes(upload)
    assert counted(cast.workspace, waiting) == (0, 0)
    other = open_upload(workspace=cast.workspace, name="b", actor=cast.bob)
    register_part(upload=other, name="b", size=3, actor=cast.bob)
    discard_upload(upload=other, actor=cast.bob)
    assert counted(cast.workspace, waiting) == (0, 0)


def test_no_table_is_added_up_while_images_come_in(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_IMAGES, settings.LIKEWISE_QUOTA_BYTES = 1000, 10**9
    upload = sent(cast, many(120))
    with CaptureQueriesContext(connection) as asked:
        job = brought_in(upload)
    assert job.done == 120
    statements = [query["sql"] for query in asked.captured_queries]
    of_images = [one for one in statements if 'FROM "dashboard_image"' in one]
    assert of_images
    assert not [one for one in of_images if "SUM(" in one or "COUNT(" in one]
    writes = [one for one in statements if one.startswith('UPDATE "dashboard_usage"')]
    assert len(writes) == 2 + 1  # a batch, and the bytes that were sent


def test_the_doctor_finds_and_mends_a_wrong_count(cast: Cast) -> None:
    make_image(cast.workspace, 1)
    Usage.objects.update(count=7, size=1)
    assert found() == [("usage", False)]
    assert found(mend=True) == [("usage", True)]
    assert counted(cast.workspace)[0] == 1
    Usage.objects.all().delete()
    assert found(mend=True) == [("usage", True)]
    assert counted(cast.workspace)[0] == 1
    assert found() == []


def test_the_migration_counts_what_is_there(cast: Cast, upload: Upload) -> None:
    make_image(cast.workspace, 1)
    gone = make_image(cast.workspace, 2)
    delete_images(workspace=cast.workspace, ids=[gone.pk], actor=cast.bob)
    register_part(upload=upload, name="a.zip", size=5, actor=cast.bob)
    before = sorted(Usage.objects.values_list("workspace", "what", "count", "size"))
    Usage.objects.all().delete()
    migration = import_module("dashboard.migrations.0011_usage")
    migration.count_what_is_there(apps, None)
    assert sorted(Usage.objects.values_list("workspace", "what", "count", "size")) == before
    assert counted(cast.workspace)[0] == 1


# The quota


def test_an_image_over_the_quota_is_refused_and_leaves_nothing(
    cast: Cast,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.LIKEWISE_QUOTA_IMAGES = 1
    client = api_client(cast.bob)
    first = make_image(cast.workspace, 1)
    kept = image_files(cast)
    answer = client.post(IMAGE, {"base64": as_base64(drawn_jpeg(2))})
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("The workspace has reached its limit (1 image).")
    assert image_files(cast) == kept
    # The same bytes take nothing up.
    assert client.post(IMAGE, {"base64": as_base64(drawn_jpeg(1))}).status_code == 400
    with django_capture_on_commit_callbacks(execute=True):
        client.delete(f"{IMAGE}{first.pk}")
    assert client.post(IMAGE, {"base64": as_base64(drawn_jpeg(2))}).status_code == 201
    # One that was deleted does not come back past it either.
    assert client.post(IMAGE, {"base64": as_base64(drawn_jpeg(1))}).status_code == 409
    assert counted(cast.workspace)[0] == 1
    assert found() == []


def test_bytes_are_limited_too(cast: Cast, settings: Settings) -> None:
    one = make_image(cast.workspace, 1)
    settings.LIKEWISE_QUOTA_BYTES = 2 * one.file_size - 1
    with pytest.raises(QuotaReached, match=r"limit \(\d+"):
        make_image(cast.workspace, 2)
    settings.LIKEWISE_QUOTA_BYTES = 3 * one.file_size
    make_image(cast.workspace, 2)
    assert make_image(cast.elsewhere, 3).pk  # each workspace has its own


def test_an_upload_keeps_what_fits_and_names_the_rest(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_IMAGES = 60
    make_image(cast.workspace, 0)
    upload = sent(cast, many(110))
    job = brought_in(upload)
    assert (job.state, job.done, job.skipped, job.failed) == (Job.State.DONE, 59, 1, 50)
    assert counted(cast.workspace)[0] == Image.objects.present().count() == 60
    assert Counter(outcome(upload).values()) == {"added": 59, "known": 1, "failed": 50}
    assert len(reasons(upload)) == 50
    assert all("reached its limit (60 images)" in one for one in reasons(upload).values())
    assert found() == []
    settings.LIKEWISE_QUOTA_IMAGES = 0
    ran(retry_job(job=job, actor=cast.bob))
    assert Counter(outcome(upload).values()) == {"added": 109, "known": 1}
    assert counted(cast.workspace)[0] == 110
    assert counted(cast.workspace, Usage.What.UPLOADS) == (0, 0)
    assert found() == []


def test_a_deleted_image_that_an_upload_would_bring_back_stays_deleted(
    cast: Cast, settings: Settings
) -> None:
    make_image(cast.workspace, 0)
    gone = make_image(cast.workspace, 1)
    delete_images(workspace=cast.workspace, ids=[gone.pk], actor=cast.bob)
    settings.LIKEWISE_QUOTA_IMAGES = 2
    upload = sent(cast, {"5.jpg": drawn_jpeg(5), "6.jpg": drawn_jpeg(1)})
    brought_in(upload)
    assert outcome(upload) == {"5.jpg": "added", "6.jpg": "failed"}
    gone.refresh_from_db()
    assert gone.deleted is not None
    assert counted(cast.workspace)[0] == 2
    assert found() == []


def test_nothing_is_decoded_once_the_quota_is_reached(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LIKEWISE_QUOTA_IMAGES = 1
    upload = sent(cast, many(180, first=10))
    make_image(cast.workspace, 0)
    decoded: list[int] = []
    prepare = pictures.prepare

    def counting(data: bytes, **options: Any) -> Any:
        decoded.append(len(data))
        return prepare(data, **options)

    monkeypatch.setattr(pictures, "prepare", counting)
    job = brought_in(upload)
    assert (job.done, job.failed, decoded) == (0, 180, [])


def test_an_upload_into_a_full_workspace_is_refused_before_it_is_sent(
    cast: Cast, settings: Settings, upload: Upload
) -> None:
    one = make_image(cast.workspace, 1)
    settings.LIKEWISE_QUOTA_IMAGES = 1
    with pytest.raises(QuotaReached):
        register_part(upload=upload, name="a.jpg", size=5, actor=cast.bob)
    assert not upload.parts.exists()
    known = register_part(upload=upload, name="a.jpg", size=5, sha256=one.sha256, actor=cast.bob)
    assert known.known
    file = SentFile("a.jpg", 5, io.BytesIO(b"bytes"))
    with pytest.raises(QuotaReached):
        start_upload(workspace=cast.workspace, files=[file], similarity_type=None, actor=cast.bob)
    with pytest.raises(QuotaReached):
        start_demo(workspace=cast.workspace, actor=cast.bob)


def test_what_waits_may_have_as_many_bytes(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_BYTES = 100
    uploads = [open_upload(workspace=cast.workspace, name="a", actor=cast.bob) for _ in range(2)]
    register_part(upload=uploads[0], name="a.zip", size=60, actor=cast.bob)
    with pytest.raises(QuotaReached, match="not imported yet may have 100 bytes in all"):
        register_part(upload=uploads[1], name="b.zip", size=41, actor=cast.bob)
    assert counted(cast.workspace, Usage.What.UPLOADS) == (1, 60)
    discard_upload(upload=uploads[0], actor=cast.bob)
    register_part(upload=uploads[1], name="b.zip", size=41, actor=cast.bob)


def test_records_of_a_request_fail_alone(
    cast: Cast,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.LIKEWISE_QUOTA_IMAGES = 2
    make_image(cast.workspace, 1)
    client = api_client(cast.bob)
    records = [{"_base64": as_base64(drawn_png(seed))} for seed in (50, 51, 52)]
    records.append({"_base64": as_base64(drawn_jpeg(1))})
    with django_capture_on_commit_callbacks(execute=True):
        answer = done(client, "upload", records=records)
    codes = Counter(one["_status"]["code"] for one in answer["response"]["records"])
    assert codes == {201: 1, 409: 2, 200: 1}
    assert counted(cast.workspace)[0] == 2
    again = done(client, "upload", records=records[:3])
    codes = Counter(one["_status"]["code"] for one in again["response"]["records"])
    assert codes == {200: 1, 409: 2}
    assert found() == []


def test_an_archive_comes_in_whole_or_not_at_all(
    cast: Cast, settings: Settings, archive: bytes
) -> None:
    there = counted(cast.workspace)[0]
    settings.LIKEWISE_QUOTA_IMAGES = 8
    _, job = bring(cast.elsewhere, archive, cast.charlie)
    assert job.state == Job.State.FAILED
    assert "reached its limit (8 images)" in job.message
    assert counted(cast.elsewhere) == (0, 0)
    settings.LIKEWISE_QUOTA_IMAGES = 9
    job = ran(retry_job(job=job, actor=cast.charlie))  # without sending it once more
    assert (job.state, counted(cast.elsewhere)[0]) == (Job.State.DONE, 9)
    # What is here already takes nothing up.
    _, job = bring(cast.elsewhere, archive, cast.charlie)
    assert (job.state, counted(cast.elsewhere)[0]) == (Job.State.DONE, 9)
    assert counted(cast.workspace)[0] == there


def test_exports_may_have_as_many_bytes(cast: Cast, settings: Settings) -> None:
    transfer, job = start_export(workspace=cast.workspace, actor=cast.ann)
    ran(job)
    transfer.refresh_from_db()
    settings.LIKEWISE_QUOTA_BYTES = transfer.size
    with pytest.raises(QuotaReached, match="Exports and extractions"):
        start_export(workspace=cast.workspace, actor=cast.ann)
    shown = {part.name: (part.count, part.size) for part in used(cast.workspace).others}
    assert shown["Exports"] == (1, transfer.size)


# People


def test_a_person_owns_so_many_workspaces(cast: Cast, settings: Settings) -> None:
    owned = Membership.objects.filter(user=cast.alice, role=Role.OWNER).count()
    settings.LIKEWISE_QUOTA_WORKSPACES = owned + 1
    made = open_workspace(name="Second", actor=cast.alice)
    with pytest.raises(TooManyWorkspaces):
        open_workspace(name="Third", actor=cast.alice)
    assert not Workspace.objects.filter(name="Third").exists()
    # Nor by way of a friend.
    settings.LIKEWISE_QUOTA_WORKSPACES = owned
    friend = open_workspace(name="Friend", actor=cast.bob)
    seat = Membership.objects.create(workspace=friend, user=cast.alice, role=Role.ADMIN)
    with pytest.raises(TooManyWorkspaces):
        hand_over(membership=seat, actor=cast.bob)
    assert Membership.objects.get(workspace=friend, role=Role.OWNER).user == cast.bob
    assert Membership.objects.get(workspace=made, role=Role.OWNER).user == cast.alice


def test_the_api_says_so(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_QUOTA_WORKSPACES = 1
    answer = api_client(cast.alice).post("/account/v2/workspace/", {"name": "Another"})
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("One person can own at most 1 workspace here.")
