"""Give features to new images: what is told of it is what was kept, whoever was killed."""

import pytest

from dashboard.jobs.runner import run_job
from dashboard.models import Feature, Job
from dashboard.services.jobs import jobs
from dashboard.services.training import features
from dashboard.services.training.describing import start_describing
from tests.factories import Cast, make_image

IMAGES = 10


@pytest.fixture
def job(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(features, "IMAGES_PER_BATCH", 2)
    for seed in range(IMAGES):
        make_image(cast.workspace, seed=seed)
    made = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert made is not None
    return made


def run(job: Job) -> Job:
    """Run it as the next worker would that finds it without an owner."""
    run_job(str(job.id))
    lost = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    lost.update(state=Job.State.QUEUED, owner="", lease_until=None, tries=0)
    job.refresh_from_db()
    return job


def test_it_works(job: Job) -> None:
    assert run(job).message == "10 images can now be searched."
    assert (job.done, job.total, Feature.objects.count()) == (10, 10, 10)


def test_killed_at_any_report(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and report are one transaction: the sentence at the end counts each image once."""
    whole, left = jobs.Handle.report, 0

    def report(handle: jobs.Handle, **fields: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise jobs.LeaseLost
        whole(handle, **fields)

    monkeypatch.setattr(jobs.Handle, "report", report)
    tries = 0
    while job.state == Job.State.QUEUED:
        left = tries % 3 + 1
        run(job)
        tries += 1
        assert job.done == Feature.objects.count()
    assert tries > 3
    assert (job.state, job.message) == ("done", "10 images can now be searched.")


def test_what_is_deleted_meanwhile_is_not_counted(
    cast: Cast, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, seen = features._stored, []

    def stored(image: object) -> bytes | None:
        seen.append(image)
        return None if len(seen) == 1 else whole(image)

    monkeypatch.setattr(features, "_stored", stored)
    assert run(job).message == "9 images can now be searched."
    assert Feature.objects.count() == 9
