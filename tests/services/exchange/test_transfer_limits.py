"""An archive that asks for more than this machine gives, or than it has at the moment."""

import errno
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from dashboard.engine import artifacts
from dashboard.engine.errors import BrokenArtifact
from dashboard.files.errors import StorageAway
from dashboard.files.exchange import transfer_reading
from dashboard.files.store import chunks, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Image, Job, UploadChunk
from tests.factories import Cast
from tests.services.exchange.forging import Members, forged, in_pack, refused
from tests.transfers import bring, sent


def test_more_pixels_than_are_taken(cast: Cast, archive: bytes, settings: Settings) -> None:
    settings.LIKEWISE_MAX_PIXELS = 100
    assert "pixels" in refused(cast, archive)


def test_a_collection_that_is_too_large(cast: Cast, archive: bytes, settings: Settings) -> None:
    settings.LIKEWISE_MAX_COLLECTION = 1
    _, job = bring(cast.elsewhere, archive, cast.charlie)
    assert job.message.startswith("A collection of the archive has more than 1 records")
    assert not Image.objects.in_workspace(cast.elsewhere).exists()


@pytest.mark.parametrize("opened", [0, 1])
def test_a_storage_that_is_away_costs_nothing_but_a_try(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch, opened: int
) -> None:
    """The job waits with its reason, what was sent stays, and the next try brings it in."""
    left = opened

    def away(name: str) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise StorageAway("The store does not answer: ReadTimeoutError.")
        return storage_open(name)

    storage_open = storage.open
    monkeypatch.setattr(chunks, "LARGEST", len(archive) // 2)
    monkeypatch.setattr(chunks, "STEP", len(archive) // 2)
    transfer, job = sent(cast.elsewhere, archive, cast.charlie)
    assert transfer.upload is not None
    kept = UploadChunk.objects.filter(part__upload=transfer.upload)
    count = kept.count()
    assert count > 1
    with monkeypatch.context() as patch:
        patch.setattr(storage, "open", away)
        with pytest.raises(StorageAway):
            run_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED
    assert "The store does not answer" in job.message
    assert kept.count() == count
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message


def many_rows(noun: str, count: int) -> Callable[[Members], None]:
    """Return a change that says the first row of a pack's noun so many times."""

    def change(pack: Members) -> None:
        first, _, _ = pack[f"{noun}.jsonl"].partition(b"\n")
        pack[f"{noun}.jsonl"] = (first + b"\n") * count

    return in_pack(change)


@pytest.mark.parametrize(("noun", "most"), [("images", 500), ("features", 1000)])
def test_a_pack_of_too_many_rows(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch, noun: str, most: int
) -> None:
    """They are refused as they are read: not even one more is kept."""
    monkeypatch.setattr(transfer_reading, "_MOST_ENCODERS", 2)
    sentence = f"a pack of it has more {noun} than allowed"
    assert sentence in refused(cast, forged(archive, many_rows(noun, most + 1)))
    assert sentence not in refused(cast, forged(archive, many_rows(noun, most)))


@pytest.mark.parametrize("noun", ["images", "features"])
def test_a_pack_of_too_many_bytes(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    monkeypatch.setattr(transfer_reading, "_MOST_OF_A_PACK", 100_000)
    message = refused(cast, forged(archive, many_rows(noun, 500)))
    assert "than allowed" in message


def test_a_picture_that_claims_more_pixels_than_any(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim(pack: Members) -> None:
        first, _, rest = pack["images.jsonl"].partition(b"\n")
        row = json.loads(first) | {"width": 1_000_000, "height": 1_000_000}
        pack["images.jsonl"] = json.dumps(row).encode() + b"\n" + rest

    def read(data: object, name: str, most: int) -> bytes:
        assert most < 300_000_000, "it would be read"
        return actual(data, name, most)

    actual = transfer_reading._read
    monkeypatch.setattr(transfer_reading, "_read", read)
    assert "1000000 × 1000000 pixels" in refused(cast, forged(archive, in_pack(claim)))


def test_a_machine_out_of_handles_is_not_the_archives_fault(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads a version covers an outage by an error of its own."""

    def load(folder: object) -> None:
        try:
            raise OSError(errno.EMFILE, "Too many open files")
        except OSError as error:
            raise BrokenArtifact(folder, str(error)) from error

    transfer, job = sent(cast.elsewhere, archive, cast.charlie)
    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "load", load)
        with pytest.raises(OSError, match="Too many open files"):
            run_job(str(job.pk))
    assert UploadChunk.objects.filter(part__upload=transfer.upload).exists()
