"""A training can be cancelled at any point and leaves nothing half done; the next one works."""

from typing import Any

import pytest

from dashboard.engine import ways
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Feature, Job, RegionFeature, Task, Version
from dashboard.queries.training.versions import find_running
from dashboard.services.jobs import jobs
from dashboard.services.library.groups import add_images, add_regions
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.factories import Cast, make_group, make_image, make_region, make_task, make_type

CHECKING = "Checking “Same product” on groups it has not seen"
STEPS = [
    "Computing features",  # before the first
    "Computing features",  # after a batch of images
    "Computing features",  # after a batch of regions
    CHECKING,
    "Fitting “Same product”",
    "Done",
    "Saving the version",  # before the files
    "Saving the version",  # after the files, before the version
]


@pytest.fixture
def task(cast: Cast) -> Task:
    kind, made = make_type(cast.workspace), make_task(cast.workspace)
    for number in range(2):
        group = make_group(kind, f"Group {number}")
        images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
        add_images(group=group, ids=[image.id for image in images[:2]], actor=cast.bob)
        add_regions(group=group, ids=[make_region(images[2]).id], actor=cast.bob)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


def cancelled_at(moment: int, task: Task, cast: Cast) -> tuple[Version, Job, list[str]]:
    """Train, and have somebody cancel just before the work asks for the so-manieth time.

    Returns the step at each time that the work asked, too.
    """
    version, job = start_training(task=task, actor=cast.bob)
    steps: list[str] = []
    whole = jobs.Handle.check

    def asked(handle: jobs.Handle) -> None:
        if len(steps) == moment:
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        steps.append(handle.job.step)
        whole(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "REPORT_STEP", 0.0)
        patch.setattr(jobs.Handle, "check", asked)
        run_job(str(job.id))
    version.refresh_from_db()
    job.refresh_from_db()
    return version, job, steps


@pytest.mark.parametrize("moment", range(len(STEPS)))
def test_at_any_point(moment: int, task: Task, cast: Cast) -> None:
    version, job, steps = cancelled_at(moment, task, cast)
    assert steps == STEPS[: moment + 1]
    assert (version.status, job.state) == ("CANCELLED", "cancelled")
    assert (version.artifact, version.metrics, version.trained) == ("", {}, None)
    assert [*storage.names(paths.version(cast.workspace.id, task.id, 1))] == []
    assert find_running(task) is None
    # What was looked at stays, batch by batch, and is not looked at again.
    assert Feature.objects.count() == (4 if moment > 0 else 0)
    assert RegionFeature.objects.count() == (2 if moment > 1 else 0)


def test_the_engine_stops_within_a_fold(task: Task, cast: Cast) -> None:
    """With groups enough to cross-validate: once somebody cancels, no other head is fitted."""
    more_groups(task, cast)
    fitted: list[int] = []
    fit_head = ways.fit_head

    def counted(*args: Any, **named: Any) -> Any:
        fitted.append(1)
        if len(fitted) == 3:
            Job.objects.filter(subject_id=Version.objects.get().pk).update(cancel_requested=True)
        return fit_head(*args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways, "fit_head", counted)
        version, job, steps = cancelled_at(10_000, task, cast)
    assert steps[-3:] == [CHECKING] * 3
    assert len(fitted) == 3
    assert job.fraction < 0.99
    assert (version.status, job.state) == ("CANCELLED", "cancelled")
    assert (version.artifact, version.metrics) == ("", {})
    assert find_running(task) is None


def more_groups(task: Task, cast: Cast) -> None:
    kind = task.similarity_types.get()
    for number in range(12):
        group = make_group(kind, f"More {number}")
        images = [make_image(cast.workspace, seed=100 + 10 * number + i) for i in range(3)]
        add_images(group=group, ids=[image.id for image in images], actor=cast.bob)


def test_after_the_end_it_is_too_late(task: Task, cast: Cast) -> None:
    version, job, steps = cancelled_at(len(STEPS), task, cast)
    assert steps == STEPS
    assert (version.status, job.state) == ("TRAINED", "done")


def test_the_next_one_works(task: Task, cast: Cast) -> None:
    cancelled_at(len(STEPS) - 1, task, cast)
    version, _, _ = cancelled_at(len(STEPS), task, cast)
    assert (version.status, version.number) == ("TRAINED", 2)
    names = [name.rpartition("/")[2] for name in storage.names(version.artifact)]
    assert sorted(names) == ["heads.npz", "manifest.json", "snapshot.json"]
