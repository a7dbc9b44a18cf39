"""The doctor and the database: counters that are wrong, things that wait for no job."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from dashboard.models import (
    Collection,
    Group,
    Image,
    Job,
    SimilarityType,
    Upload,
    Version,
    WorkerSign,
)
from dashboard.services.library.members import IMAGES, place
from tests.factories import (
    make_collection,
    make_group,
    make_image,
    make_job,
    make_records,
    make_task,
    make_type,
    make_upload,
    make_version,
)
from tests.services.doctor.examined import found, mended_once

pytestmark = pytest.mark.usefixtures("worker")


# Rows


def test_counters(workspace: Workspace) -> None:
    image, kind = make_image(workspace), make_type(workspace)
    group = make_group(kind)
    with transaction.atomic():
        place(IMAGES, [(group, image)])
    Group.objects.update(images_count=0, regions_count=0, groups_count=4, verify_count=1)
    Image.objects.update(verify_count=1)
    SimilarityType.objects.update(groups_count=0)
    nouns = ["group", "image", "similarity type"]
    assert found() == [(noun, False) for noun in nouns]
    assert found(mend=True) == [(noun, True) for noun in nouns]
    assert found() == []
    group.refresh_from_db()
    assert (group.images_count, group.regions_count, group.groups_count) == (1, 0, 0)
    assert SimilarityType.objects.get().groups_count == 1


def test_the_count_of_a_collection(workspace: Workspace) -> None:
    collection = make_collection(workspace)
    make_records(collection, "a", "b")
    Collection.objects.update(records_count=9)
    assert ("collection", True) in found(mend=True)
    collection.refresh_from_db()
    assert collection.records_count == 2


def test_a_job_whose_worker_went_silent(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[Any] = []
    monkeypatch.setattr("dashboard.services.doctor.rows.wake", woken.append)
    past = timezone.now() - timedelta(hours=2)
    silent = make_job(workspace, state=Job.State.RUNNING, owner="gone", lease_until=past)
    now = timezone.now()
    make_job(workspace, state=Job.State.RUNNING, owner="here", lease_until=now)
    assert found(older_than=3600) == [("job", False)]
    assert found(mend=True, older_than=3600) == [("job", True)]
    assert [job.pk for job in woken] == [silent.pk]
    silent.refresh_from_db()
    assert silent.state == Job.State.QUEUED


def test_a_job_that_waits_for_a_worker(workspace: Workspace, worker: WorkerSign) -> None:
    make_job(workspace)
    assert found() == []
    WorkerSign.objects.update(queues=["train"])
    assert found(mend=True) == [("job", False)]
    WorkerSign.objects.update(queues=worker.queues, seen=timezone.now() - timedelta(hours=1))
    assert found(mend=True) == [("job", False)]


def test_a_version_that_waits_for_no_job(workspace: Workspace) -> None:
    version = make_version(make_task(workspace), status=Version.Status.TRAINING, artifact="")
    job = make_job(workspace, kind=Job.Kind.TRAIN, subject_id=version.pk)
    assert found() == []
    job.delete()
    mended_once("version")
    version.refresh_from_db()
    assert version.status == Version.Status.ERROR
    assert version.detail


def test_an_upload_that_waits_for_no_job(workspace: Workspace) -> None:
    upload = make_upload(workspace, stage=Upload.Stage.PLANNING, committed=None)
    job = make_job(workspace, kind=Job.Kind.PLAN, subject_id=upload.pk)
    assert found() == []
    job.delete()
    mended_once("upload")
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.RECEIVING
