"""An export or import that is killed anywhere ends as if nothing had happened."""

import pytest

from accounts.models import Change
from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import Job, Transfer, Upload, Version
from dashboard.services.exchange import import_images, importing, transfers
from dashboard.services.jobs import jobs
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from tests.factories import Cast
from tests.transfers import bring, export, fill, sent, told


@pytest.fixture
def version(cast: Cast) -> Version:
    return fill(cast.workspace)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_images, "IMAGES_AT_ONCE", 2)


class Killer:
    """Lets a job lose its lease at its n-th report, as if the worker had been thought dead."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        real = jobs.Handle.report

        def report(handle: jobs.Handle, **fields: object) -> None:
            self.left -= 1
            if self.left == 0:
                raise jobs.LeaseLost
            real(handle, **fields)

        monkeypatch.setattr(jobs.Handle, "report", report)


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    return Killer(monkeypatch)


def run(job: Job) -> None:
    """Run a job as the next worker would that finds it without an owner."""
    run_job(str(job.id))
    lost = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    lost.update(state=Job.State.QUEUED, owner="", lease_until=None, tries=0)
    job.refresh_from_db()


def test_an_import_killed_anywhere(cast: Cast, version: Version, killer: Killer) -> None:
    """Everything is there once, whichever batch was the one that got lost."""
    _, data = export(cast.workspace, cast.ann)
    _, job = sent(cast.elsewhere, data, cast.charlie)
    kills = 0
    while job.state == Job.State.QUEUED:
        # Each try comes one report further than the last.
        killer.left = kills + 1
        run(job)
        kills += 1
    assert (job.state, job.done) == ("done", 9)
    assert kills > 15
    assert told(cast.elsewhere) == told(cast.workspace)
    assert len(list(storage.names(f"{cast.elsewhere.id}/images"))) == 9
    assert not list(storage.names(f"{cast.elsewhere.id}/uploads"))


@pytest.mark.parametrize("place", ["forget_bytes", "is_over"])
def test_an_import_killed_after_its_last_row(
    cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """All is in, and the archive is perhaps forgotten: the next try only ends the job."""
    _, data = export(cast.workspace, cast.ann)
    _, job = sent(cast.elsewhere, data, cast.charlie)
    whole = importing.forget_bytes

    def die(upload: Upload) -> int:
        if place == "is_over":
            whole(upload)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "forget_bytes", die)
        with pytest.raises(KeyboardInterrupt):
            run(job)
    lost = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    lost.update(state=Job.State.QUEUED, owner="", lease_until=None, not_before=None)
    run(job)
    assert (job.state, job.message) == (
        "done",
        "9 images, 8 groups, 1 task and 1 collection imported.",
    )
    assert told(cast.elsewhere) == told(cast.workspace)
    assert not list(storage.names(f"{cast.elsewhere.id}/uploads"))
    assert Change.objects.filter(workspace=cast.elsewhere, verb="imported").count() == 1


def test_an_export_killed_anywhere(cast: Cast, version: Version, killer: Killer) -> None:
    transfer, job = transfers.start_export(workspace=cast.workspace, actor=cast.ann)
    kills = 0
    while job.state == Job.State.QUEUED:
        killer.left = kills + 1
        run(job)
        kills += 1
        transfer.refresh_from_db()
        assert (job.state == Job.State.DONE) == bool(transfer.path)
    assert (job.state, kills >= 3) == ("done", True)
    killer.left = 0
    _, done = bring(cast.elsewhere, storage.read(transfer.path), cast.charlie)
    assert done.state == "done"
    assert told(cast.elsewhere) == told(cast.workspace)


def test_killed_after_the_file_it_is_not_written_again(cast: Cast, version: Version) -> None:
    transfer, data = export(cast.workspace, cast.ann)
    job = transfers.retry_transfer(transfer=transfer, actor=cast.ann)
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.message == "9 images, 8 groups, 1 task and 1 collection written."
    assert storage.read(transfer.path) == data


def test_a_cancelled_export_leaves_no_file(
    cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer, job = transfers.start_export(workspace=cast.workspace, actor=cast.ann)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not list(storage.names(f"{cast.workspace.id}/transfers"))
    run_job(str(retry_job(job=job, actor=cast.ann).pk))
    transfer.refresh_from_db()
    assert storage.exists(transfer.path)


def test_a_cancelled_import_goes_on_when_it_is_tried_again(
    cast: Cast, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, data = export(cast.workspace, cast.ann)
    transfer, job = sent(cast.elsewhere, data, cast.charlie)
    real = import_images.ImageImport._insert

    def insert(self: import_images.ImageImport, *args: object) -> None:
        real(self, *args)
        cancel_job(job=job, actor=cast.charlie)

    monkeypatch.setattr(import_images.ImageImport, "_insert", insert)
    run_job(str(job.id))
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.CANCELLED, 2)
    monkeypatch.setattr(import_images.ImageImport, "_insert", real)
    run_job(str(retry_job(job=job, actor=cast.charlie).pk))
    assert told(cast.elsewhere) == told(cast.workspace)
    assert Transfer.objects.filter(pk=transfer.pk).exists()
