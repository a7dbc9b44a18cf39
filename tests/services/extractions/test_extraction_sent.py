"""Pictures that are sent, or named by addresses, are described and not kept."""

import io
import json
import threading
from typing import Any

import numpy as np
import pytest

from dashboard.files.errors import AddressFailed
from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import Extraction, Image, Job, SentFeature, Upload, UploadFile, Version
from dashboard.services.errors import NothingToRetry
from dashboard.services.extractions import sent as extraction_sent
from dashboard.services.extractions.sending import describe_addresses, open_extraction
from dashboard.services.jobs import jobs
from dashboard.services.jobs.retries import can_retry, retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.training.descriptors import describe
from dashboard.services.uploads import reader as upload_reader
from dashboard.services.uploads.listing import list_parts
from dashboard.services.uploads.receiving import append, forget_bytes, register_part
from dashboard.services.uploads.receiving_end import finish_receiving
from tests.factories import (
    Cast,
    drawn_jpeg,
    drawn_png,
    make_described_version,
    make_image,
    make_task,
)
from tests.pictures import packed_files

FILES = {f"red/{seed}.jpg": drawn_jpeg(seed) for seed in range(5)}


@pytest.fixture
def version(cast: Cast) -> Version:
    return make_described_version(make_task(cast.workspace))


def sent(version: Version, cast: Cast, files: dict[str, bytes], kind: str = "jsonl") -> Job:
    """Send files to be described; the job waits."""
    upload = open_extraction(
        workspace=cast.workspace, version=version, file_format=kind, actor=cast.vera
    )
    for name, data in files.items():
        part = register_part(upload=upload, name=name, size=len(data), actor=cast.vera)
        append(part=part, stream=io.BytesIO(data), start=0, length=len(data))
    return finish_receiving(upload=upload, actor=cast.vera)


def result(job: Job) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """Return the header of what the job made, and its rows by their names."""
    extraction = Extraction.objects.get(pk=job.subject_id)
    first, *rows = [json.loads(line) for line in storage.read(extraction.path).splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    return first["header"], {row["file_name"]: row for row in rows}


def nothing_stays(cast: Cast) -> None:
    assert not Image.objects.exists()
    assert not SentFeature.objects.exists()
    assert not list(storage.names(f"{cast.workspace.id}/uploads"))
    assert not list(storage.names(f"{cast.workspace.id}/images"))


def run(job: Job) -> Job:
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("as_archive", [True, False])
def test_it_works(version: Version, cast: Cast, as_archive: bool) -> None:
    files = {"shop.zip": packed_files(FILES | {"blue/9.jpg": drawn_jpeg(9)})}
    job = run(sent(version, cast, files if as_archive else FILES | {"blue/9.jpg": drawn_jpeg(9)}))
    assert (job.state, job.message) == ("done", "6 embeddings computed.")
    header, rows = result(job)
    assert (header["count"], header["failed"]) == (6, 0)
    assert rows["red/1.jpg"]["groups"] == ["red"]
    described = describe(version=version, pictures_bytes=[drawn_jpeg(9)])[0]
    assert isinstance(described, tuple)
    assert np.abs(np.array(rows["blue/9.jpg"]["descriptor"]) - described[0]).max() < 1e-5
    nothing_stays(cast)


def test_a_manifest_in_an_archive_names_groups(version: Version, cast: Cast) -> None:
    manifest = {"m.csv": b"file,group\nred/1.jpg,A\n9.jpg,A\n", "prices.csv": b"name\nred\n"}
    job = run(sent(version, cast, {"shop.zip": packed_files(manifest | FILES)}))
    assert (job.done, job.failed) == (5, 2)
    _, rows = result(job)
    assert (rows["red/1.jpg"]["groups"], rows["red/2.jpg"]["groups"]) == (["A"], ["red"])
    failed = UploadFile.objects.filter(status="failed")
    assert {row.name for row in failed} == {"9.jpg", "prices.csv"}
    nothing_stays(cast)


@pytest.mark.parametrize("kind", ["parquet", "npz", "csv"])
def test_every_format(version: Version, cast: Cast, kind: str) -> None:
    job = run(sent(version, cast, FILES, kind))
    extraction = Extraction.objects.get(pk=job.subject_id)
    assert (job.state, extraction.count) == ("done", 5)
    assert storage.exists(extraction.path)


def test_what_cannot_be_read_fails_alone(version: Version, cast: Cast) -> None:
    files = FILES | {"red/broken.jpg": drawn_jpeg(7)[:300], "notes.txt": b"nothing"}
    job = run(sent(version, cast, files))
    assert (job.state, job.done, job.failed) == ("done", 5, 2)
    assert job.message == "5 embeddings computed, 2 failed."
    header, _ = result(job)
    assert header["failed"] == 2
    failed = UploadFile.objects.filter(status="failed")
    assert {row.name for row in failed} == {"red/broken.jpg", "notes.txt"}
    assert all(row.reason for row in failed)
    nothing_stays(cast)


def test_pictures_that_the_workspace_has_are_described_too(version: Version, cast: Cast) -> None:
    """They are sent like all others, so that what comes out is of the very bytes."""
    make_image(cast.workspace, seed=1)
    job = run(sent(version, cast, FILES))
    assert (job.state, job.done, Image.objects.count()) == ("done", 5, 1)


def test_addresses(version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, *_: object) -> bytes:
        if "missing" in url:
            raise AddressFailed("The address answered 404.", url=url, status=404)
        return drawn_png(3)

    monkeypatch.setattr(upload_reader, "fetch_patiently", fetch)
    extraction = describe_addresses(
        workspace=cast.workspace,
        version=version,
        file_format="jsonl",
        addresses="https://a.example/1.png\nhttps://a.example/missing.png\n",
        actor=cast.vera,
    )
    job = run(Job.objects.get(subject_id=extraction.pk))
    assert (job.state, job.done, job.failed) == ("done", 1, 1), job.message
    _, rows = result(job)
    assert list(rows) == ["https://a.example/1.png"]
    nothing_stays(cast)


def test_nothing_that_can_be_described(version: Version, cast: Cast) -> None:
    job = run(sent(version, cast, {"notes.txt": b"nothing"}))
    header, rows = result(job)
    assert (job.state, header["count"], header["failed"], rows) == ("done", 0, 1, {})


def test_killed_anywhere(version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture is looked at once, whichever batch was the one that got lost."""
    monkeypatch.setattr(extraction_sent, "FILES_AT_ONCE", 1)
    looked: list[int] = []
    real_look = extraction_sent._look

    def look(*arguments: object) -> object:
        looked.append(1)
        return real_look(*arguments)

    monkeypatch.setattr(extraction_sent, "_look", look)
    left = 0
    real = jobs.Handle.report

    def report(handle: jobs.Handle, **fields: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise jobs.LeaseLost
        real(handle, **fields)

    monkeypatch.setattr(jobs.Handle, "report", report)
    job = sent(version, cast, {"shop.zip": packed_files(FILES)})
    tries = 0
    while job.state == Job.State.QUEUED:
        tries += 1
        left = tries
        run(job)
        lost = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
        lost.update(state=Job.State.QUEUED, owner="", lease_until=None, tries=0)
        job.refresh_from_db()
    assert (job.state, job.done) == ("done", 5)
    assert tries > 4
    assert len(result(job)[1]) == 5
    nothing_stays(cast)


def test_killed_after_the_file_it_lets_go(
    version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = sent(version, cast, FILES)
    with monkeypatch.context() as patch:
        patch.setattr(extraction_sent.SentPictures, "close", _die)
        with pytest.raises(KeyboardInterrupt):
            run_job(str(job.pk))
    assert SentFeature.objects.count() == 5
    run(job)
    assert job.state == "done"
    nothing_stays(cast)


def test_what_nobody_tries_again_is_forgotten(version: Version, cast: Cast) -> None:
    """A kill between two removals, bytes that were kept long enough: nothing is left for ever."""
    job = sent(version, cast, FILES)
    upload = Upload.objects.get(purpose=Upload.Purpose.DESCRIBE)
    list_parts(upload=upload, handle=jobs.Handle(claimed(job)))
    row = UploadFile.objects.first()
    SentFeature.objects.create(file=row, vector=b"12")
    assert extraction_sent.forget_left_features() == 0
    forget_bytes(upload)
    assert extraction_sent.forget_left_features() == 1
    assert not SentFeature.objects.exists()


def claimed(job: Job) -> Job:
    found = jobs.claim(job.pk, "me")
    assert found is not None
    return found


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_one_that_was_cancelled_goes_on_when_it_is_tried_again(
    version: Version, cast: Cast
) -> None:
    job = sent(version, cast, FILES)
    cancel_job(job=job, actor=cast.bob)
    job.refresh_from_db()
    assert list(storage.names(f"{cast.workspace.id}/uploads"))
    again = run(retry_job(job=job, actor=cast.bob))
    assert (again.state, again.done) == ("done", 5)
    nothing_stays(cast)


def test_what_was_found_when_it_was_listed_is_the_reason(version: Version, cast: Cast) -> None:
    broken = packed_files(FILES)[:-30]
    told = b"file\nnobody.jpg\n"
    job = run(sent(version, cast, {"a.jpg": drawn_jpeg(1), "b.zip": broken, "c.csv": told}))
    assert job.message.endswith("computed, 2 failed.")
    upload = Upload.objects.get(pk=Extraction.objects.get(pk=job.subject_id).upload_id)
    reasons = dict(upload.files.exclude(reason="").values_list("name", "reason"))
    assert "The archive is damaged or incomplete." in reasons["b.zip"]
    assert "The manifest names “nobody.jpg”, which is not in this upload." in reasons["nobody.jpg"]


def test_few_large_pictures_wait_at_a_time(
    version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few they are, what they take together is bounded."""
    let_go = threading.Event()
    held: list[int] = []
    look, keep = extraction_sent._look, extraction_sent.SentPictures._keep

    def waiting_look(*args: Any) -> Any:
        assert let_go.wait(60)
        return look(*args)

    def noted_keep(self: extraction_sent.SentPictures, waiting: Any) -> None:
        held.append(sum(one.size for one in waiting))
        let_go.set()
        keep(self, waiting)
        let_go.clear()

    most, largest = max(map(len, FILES.values())) + 1, max(map(len, FILES.values()))
    monkeypatch.setattr(extraction_sent, "_look", waiting_look)
    monkeypatch.setattr(extraction_sent.SentPictures, "_keep", noted_keep)
    monkeypatch.setattr(extraction_sent, "BYTES_AT_ONCE", most)
    job = run(sent(version, cast, FILES))
    assert job.message == "5 embeddings computed."
    assert max(held) < most + largest
    assert len(held) >= 2


def test_what_is_forgotten_is_not_tried_again(version: Version, cast: Cast) -> None:
    job = sent(version, cast, FILES)
    cancel_job(job=job, actor=cast.bob)
    job.refresh_from_db()
    assert can_retry(job)
    forget_bytes(Upload.objects.get(purpose=Upload.Purpose.DESCRIBE))
    assert not can_retry(job)
    with pytest.raises(NothingToRetry):
        retry_job(job=job, actor=cast.bob)
