"""Another encoder is wanted: all images are looked at first, and search misses nothing."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Change, Workspace
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.jobs.runner import run_job
from dashboard.models import Encoder, Feature, Image, Job, Task, Version
from dashboard.queries.training.encoders import search_key
from dashboard.services.errors import EncoderRefused
from dashboard.services.jobs import jobs
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.groups import add_images
from dashboard.services.search.search import search_by_image, search_by_picture
from dashboard.services.training import features
from dashboard.services.training.describing import start_describing, start_second_looks
from dashboard.services.training.descriptors import describe, describe_stored
from dashboard.services.training.encoder_choice import choose_encoder
from dashboard.services.training.encoders import set_default_key
from dashboard.services.training.tasks import add_type, change_task
from dashboard.services.training.training import start_training
from tests.factories import Cast, drawn_jpeg, make_group, make_image, make_task, make_type

IMAGES = 9


def run(job: Job | None) -> Job:
    """Run it as the next worker would that finds it without an owner."""
    assert job is not None
    run_job(str(job.id))
    lost = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    lost.update(state=Job.State.QUEUED, owner="", lease_until=None, tries=0)
    job.refresh_from_db()
    return job


def waiting() -> Job:
    return Job.objects.get(kind=Job.Kind.DESCRIBE, state=Job.State.QUEUED)


def key_now(workspace: Workspace) -> str:
    return search_key(Workspace.objects.get(pk=workspace.pk))


def hits(cast: Cast, version: Version | None = None) -> list[tuple[Any, float]]:
    workspace = Workspace.objects.get(pk=cast.workspace.pk)
    data = drawn_jpeg(3)
    found = search_by_picture(workspace=workspace, version=version, data=data, k=50)
    return [(hit.image.pk, hit.score) for hit in found]


@pytest.fixture
def task(cast: Cast) -> Task:
    kind = make_type(cast.workspace)
    for number in range(3):
        group = make_group(kind, f"Group {number}")
        ids = [make_image(cast.workspace, seed=3 * number + i).id for i in range(3)]
        add_images(group=group, ids=ids, actor=cast.bob)
    made = make_task(cast.workspace)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


@pytest.fixture
def old(cast: Cast, task: Task) -> Version:
    """Make a workspace as it was before: described and trained by the one encoder there was."""
    Workspace.objects.filter(pk=cast.workspace.pk).update(encoder=BUILTIN)
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    task.workspace.refresh_from_db()
    version, job = start_training(task=task, actor=cast.bob)
    run(job)
    version.refresh_from_db()
    assert (version.status, version.encoder) == (Version.Status.TRAINED, BUILTIN)
    assert set(Feature.objects.values_list("encoder", flat=True)) == {BUILTIN}
    Workspace.objects.filter(pk=cast.workspace.pk).update(encoder="")
    cast.workspace.refresh_from_db()
    return version


def test_a_new_workspace_goes_by_both(cast: Cast, task: Task) -> None:
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    assert key_now(cast.workspace) == BOTH
    assert set(Feature.objects.values_list("encoder", flat=True)) == {BOTH}
    version, _ = start_training(task=task, actor=cast.bob)
    assert version.encoder == BOTH


def test_after_an_upgrade_nothing_is_missed(
    cast: Cast, old: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle or not: half of the features is never what search goes by."""
    monkeypatch.setattr(features, "IMAGES_PER_BATCH", 2)
    ids = list(Image.objects.values_list("pk", flat=True))
    pictures = [drawn_jpeg(seed) for seed in range(3)]

    def descriptors() -> list[bytes]:
        fresh = describe(version=old, pictures_bytes=pictures)
        stored = describe_stored(version=old, image_ids=ids)
        rows = [one[0] for one in fresh if isinstance(one, tuple)]
        return [row.tobytes() for row in [*rows, *(stored[one] for one in ids)]]

    kept = dict(Feature.objects.values_list("pk", "vector"))
    before, untrained, trained = descriptors(), hits(cast), hits(cast, old)
    assert len(before) == 3 + IMAGES
    assert len(untrained) == IMAGES

    assert (start_second_looks(), start_second_looks()) == (1, 0)
    job, whole, left = waiting(), jobs.Handle.report, 3

    def report(handle: jobs.Handle, **fields: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise jobs.LeaseLost
        whole(handle, **fields)

    monkeypatch.setattr(jobs.Handle, "report", report)
    assert run(job).state == Job.State.QUEUED
    assert 0 < Feature.objects.filter(encoder=BOTH).count() < IMAGES
    assert key_now(cast.workspace) == BUILTIN
    assert (hits(cast), hits(cast, old)) == (untrained, trained)

    assert run(job).state == Job.State.DONE
    assert job.message == "Search now uses “Built in”."
    assert (job.done, job.total) == (IMAGES, IMAGES)
    assert key_now(cast.workspace) == BOTH
    assert {image for image, _ in hits(cast)} == set(ids)
    assert hits(cast)[0][1] == pytest.approx(1, abs=1e-5)
    assert hits(cast, old) == trained
    assert descriptors() == before
    assert dict(Feature.objects.filter(encoder=BUILTIN).values_list("pk", "vector")) == kept
    assert start_second_looks() == 0


def test_what_comes_meanwhile_is_found(cast: Cast, old: Version) -> None:
    start_second_looks()
    new = make_image(cast.workspace, seed=77)
    job = run(waiting())
    assert job.state == Job.State.DONE
    for key in (BUILTIN, BOTH):
        assert Feature.objects.filter(image=new, encoder=key).exists(), "its version needs one too"
    assert new.pk in {image for image, _ in hits(cast)}
    assert new.pk in {image for image, _ in hits(cast, old)}


def test_a_cancelled_one_is_left_alone_for_a_day(cast: Cast, old: Version) -> None:
    start_second_looks()
    job = waiting()
    cancel_job(job=job, actor=cast.bob)
    assert start_second_looks() == 0
    assert len(hits(cast)) == IMAGES
    Job.objects.filter(pk=job.pk).update(finished=timezone.now() - timedelta(days=2))
    assert start_second_looks() == 1


def test_choosing_the_fast_one(cast: Cast, task: Task) -> None:
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    both = hits(cast)
    Encoder.objects.create(
        key=BUILTIN, name="x", state="ready", dimension=512, file_size=0,
        seconds=60.0, measured=timezone.now(),
    )  # fmt: skip
    job = choose_encoder(workspace=cast.workspace, key=BUILTIN, actor=cast.ann)
    assert job is not None
    assert job.title == "Processing all images with “Built in, fast”"
    assert "9 images, about" in job.message
    assert hits(cast) == both, "until the job is done"
    run(job)
    assert key_now(cast.workspace) == BUILTIN
    assert len(hits(cast)) == IMAGES
    assert start_training(task=task, actor=cast.bob)[0].encoder == BUILTIN
    told = Change.objects.get(verb="chose an encoder for")
    assert told.details == {"before": "the installation’s default", "after": "Built in, fast"}
    again = choose_encoder(workspace=cast.workspace, key=BUILTIN, actor=cast.ann)
    assert again is None


def test_a_stale_feature_is_no_half_result(cast: Cast, task: Task) -> None:
    """Back and forth: what came while another was in use is looked at before search changes."""
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    run(choose_encoder(workspace=cast.workspace, key=BUILTIN, actor=cast.ann))
    new = make_image(cast.workspace, seed=50)
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    assert not Feature.objects.filter(image=new, encoder=BOTH).exists()
    job = choose_encoder(workspace=cast.workspace, key="", actor=cast.ann)
    assert new.pk in {image for image, _ in hits(cast)}
    run(job)
    assert key_now(cast.workspace) == BOTH
    assert new.pk in {image for image, _ in hits(cast)}


def test_an_unknown_one_is_refused(cast: Cast) -> None:
    with pytest.raises(EncoderRefused, match="does not exist"):
        choose_encoder(workspace=cast.workspace, key="photo-1", actor=cast.ann)
    cast.workspace.refresh_from_db()
    assert cast.workspace.encoder == ""


def test_a_task_counts_before_its_workspace(cast: Cast, task: Task) -> None:
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    change_task(task=task, changes={"encoder": BUILTIN}, actor=cast.bob)
    run(waiting())
    assert Feature.objects.filter(encoder=BUILTIN).count() == IMAGES, "its versions search them"
    assert key_now(cast.workspace) == BOTH
    assert start_training(task=task, actor=cast.bob)[0].encoder == BUILTIN


def test_the_default_of_the_installation(cast: Cast, task: Task) -> None:
    run(start_describing(workspace=cast.workspace, actor=cast.bob))
    set_default_key(key=BUILTIN)
    assert start_training(task=task, actor=cast.bob)[0].encoder == BUILTIN
    choose_encoder(workspace=cast.elsewhere, key=BOTH, actor=cast.charlie)
    assert start_second_looks() == 1, "not where another was chosen, or nothing was looked at"
    run(waiting())
    assert key_now(cast.workspace) == BUILTIN
    set_default_key(key=BOTH)
    assert start_second_looks() == 1


def test_alike_images_go_by_what_search_goes_by(cast: Cast, old: Version) -> None:
    image = Image.objects.order_by("pk")[0]
    image.workspace = Workspace.objects.get(pk=cast.workspace.pk)
    found = search_by_image(image=image, version=None, k=50)
    assert len(found) == IMAGES - 1
    assert np.isfinite([hit.score for hit in found]).all()
