"""Images of the workspace put into a collection, by a job that may be run again."""

from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from accounts.models import Change
from dashboard.files.errors import FileRefused
from dashboard.files.store import paths, storage
from dashboard.jobs import runner
from dashboard.models import Collection, Fill, Image, Job, Record
from dashboard.queries.search.records import vector_of
from dashboard.services.errors import AlreadyFilling, CollectionFull
from dashboard.services.jobs import queueing
from dashboard.services.library.groups import add_images, delete_group
from dashboard.services.library.images import delete_images
from dashboard.services.library.similarity_types import delete_type
from dashboard.services.search import fills
from dashboard.services.search.fills import start_fill
from dashboard.services.training.descriptors import describe
from tests.factories import (
    Cast,
    make_collection,
    make_group,
    make_image,
    make_records,
    make_type,
)


@pytest.fixture
def collection(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Collection:
    monkeypatch.setattr(queueing.app, "send_task", lambda *_, **__: None)
    return make_collection(cast.workspace)


@pytest.fixture
def images(cast: Cast) -> list[Image]:
    make_image(cast.elsewhere, 50)
    return [make_image(cast.workspace, seed, meta_data={"n": seed}) for seed in range(5)]


def keys(collection: Collection) -> set[str]:
    collection.refresh_from_db()
    found = set(collection.records.values_list("key", flat=True))
    assert collection.records_count == len(found)
    return found


def ids(images: list[Image]) -> set[str]:
    return {str(image.pk) for image in images}


def run(cast: Cast, collection: Collection, **what: Any) -> Job:
    job = start_fill(collection=collection, **what, actor=cast.bob)
    runner.run_job(str(job.pk))
    job.refresh_from_db()
    return job


def test_it_works(cast: Cast, collection: Collection, images: list[Image]) -> None:
    group = make_group(make_type(cast.workspace), "Red")
    add_images(group=group, ids=[images[1].pk], actor=cast.bob)
    job = run(cast, collection)
    assert (job.state, job.done, job.skipped, job.fraction) == (Job.State.DONE, 5, 0, 1.0)
    assert keys(collection) == ids(images)
    row = collection.records.get(key=str(images[1].pk))
    assert row.fields == {"file_name": "1.jpg", "groups": ["Red"], "meta_data": {"n": 1}}
    told = Change.objects.filter(noun="collection", verb="started to fill")
    assert (told.count(), Change.objects.filter(verb="added records to").exists()) == (1, False)


def test_the_descriptor_is_that_of_the_api(cast: Cast, collection: Collection) -> None:
    image = make_image(cast.workspace, 3)
    run(cast, collection)
    row = collection.records.get(key=str(image.pk))
    stored = storage.read(paths.image(image.workspace_id, image.pk, image.extension))
    (found,) = describe(version=collection.version, pictures_bytes=[stored])
    assert not isinstance(found, FileRefused)
    np.testing.assert_allclose(vector_of(row), found[0], atol=1e-6)


def test_only_a_group_or_a_type(cast: Cast, collection: Collection, images: list[Image]) -> None:
    kind = make_type(cast.workspace)
    group, other = make_group(kind, "a"), make_group(kind, "b")
    add_images(group=group, ids=[images[0].pk], actor=cast.bob)
    add_images(group=other, ids=[images[1].pk], actor=cast.bob)
    run(cast, collection, group=group)
    assert keys(collection) == ids(images[:1])
    run(cast, collection, similarity_type=kind)
    assert keys(collection) == ids(images[:2])


def test_again_adds_only_what_is_new(
    cast: Cast, collection: Collection, images: list[Image]
) -> None:
    run(cast, collection)
    before = {row.pk: row.generation for row in Record.objects.all()}
    make_image(cast.workspace, 9)
    job = run(cast, collection)
    assert (job.done, job.skipped) == (1, 5)
    assert "6 images are in the collection; 5 of them were there before" in job.message
    after = {row.pk: row.generation for row in Record.objects.filter(pk__in=before)}
    assert (after, len(keys(collection))) == (before, 6)


def test_a_killed_worker_loses_and_doubles_nothing(
    cast: Cast, collection: Collection, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fills, "IMAGES_AT_ONCE", 2)
    job = start_fill(collection=collection, actor=cast.bob)
    calls: list[int] = []
    write = fills.write_records

    def dies(**what: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return write(**what)

    monkeypatch.setattr(fills, "write_records", dies)
    with pytest.raises(MemoryError):
        runner.run_job(str(job.pk))
    assert len(keys(collection)) == 2
    runner.run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, keys(collection)) == (Job.State.DONE, ids(images))
    assert (job.done, job.skipped) == (len(images), 0)


def test_a_worker_that_lost_its_lease_writes_nothing(
    cast: Cast, collection: Collection, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_fill(collection=collection, actor=cast.bob)
    slow = fills._records

    def meanwhile(*what: Any) -> Any:
        Job.objects.filter(pk=job.pk).update(owner="another")
        return slow(*what)

    monkeypatch.setattr(fills, "_records", meanwhile)
    runner.run_job(str(job.pk))
    assert keys(collection) == set()


def test_a_cancelled_one_keeps_what_it_has_done(
    cast: Cast, collection: Collection, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fills, "IMAGES_AT_ONCE", 2)
    job = start_fill(collection=collection, actor=cast.bob)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    runner.run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, len(keys(collection))) == (Job.State.CANCELLED, 2)


def test_a_full_collection(
    cast: Cast, collection: Collection, images: list[Image], settings: Settings
) -> None:
    settings.LIKEWISE_MAX_COLLECTION = 3
    job = run(cast, collection)
    assert job.state == Job.State.FAILED
    assert "is full" in job.message
    assert len(keys(collection)) == 3
    with pytest.raises(CollectionFull):
        start_fill(collection=collection, actor=cast.bob)


def test_one_at_a_time(cast: Cast, collection: Collection) -> None:
    job = start_fill(collection=collection, actor=cast.bob)
    with pytest.raises(AlreadyFilling):
        start_fill(collection=collection, actor=cast.bob)
    runner.run_job(str(job.pk))
    start_fill(collection=collection, actor=cast.bob)


def test_deleted_images_are_left_out(
    cast: Cast, collection: Collection, images: list[Image]
) -> None:
    delete_images(workspace=cast.workspace, ids=[images[0].pk], actor=cast.bob)
    make_records(collection, "mine")
    run(cast, collection)
    assert keys(collection) == {"mine"} | ids(images[1:])


def test_its_group_or_type_goes_away(
    cast: Cast, collection: Collection, images: list[Image]
) -> None:
    """A fill of a group that is gone must not become a fill of everything."""
    kind = make_type(cast.workspace)
    group = make_group(kind)
    for what, delete in (
        ({"group": group}, lambda: delete_group(group=group, actor=cast.bob)),
        (
            {"similarity_type": kind},
            lambda: delete_type(similarity_type=kind, force=True, actor=cast.bob),
        ),
    ):
        job = start_fill(collection=collection, **what, actor=cast.bob)
        delete()
        runner.run_job(str(job.pk))
        job.refresh_from_db()
        assert (job.state, Fill.objects.count()) == (Job.State.CANCELLED, 0)
    assert keys(collection) == set()
