"""A picture finds its like, at once, only here, and never what was deleted."""

import pytest

from dashboard.files.errors import FileRefused
from dashboard.jobs.runner import run_job
from dashboard.models import Job
from dashboard.services.library.images import delete_images
from dashboard.services.search.search import search_by_image, search_by_picture
from dashboard.services.training.describing import start_describing
from tests.factories import Cast, drawn_jpeg, make_image


def look(cast: Cast) -> Job | None:
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    if job is not None:
        run_job(str(job.id))
        job.refresh_from_db()
    return job


def test_it_works(cast: Cast) -> None:
    images = [make_image(cast.workspace, seed) for seed in range(6)]
    job = look(cast)
    assert job is not None
    assert (job.state, job.done, job.message) == ("done", 6, "6 images can now be searched.")
    hits = search_by_picture(workspace=cast.workspace, version=None, data=drawn_jpeg(3), k=3)
    assert hits[0].image == images[3]
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert hits[0].score >= hits[1].score >= hits[2].score


def test_alike_images_leave_out_the_image_itself(cast: Cast) -> None:
    images = [make_image(cast.workspace, seed) for seed in range(4)]
    look(cast)
    hits = search_by_image(image=images[0], version=None, k=10)
    assert {hit.image for hit in hits} == set(images[1:])


def test_a_new_image_is_found_at_the_next_search(cast: Cast) -> None:
    make_image(cast.workspace, 0)
    look(cast)
    search_by_picture(workspace=cast.workspace, version=None, data=drawn_jpeg(1), k=3)
    new = make_image(cast.workspace, 1)
    look(cast)
    hits = search_by_picture(workspace=cast.workspace, version=None, data=drawn_jpeg(1), k=1)
    assert hits[0].image == new


def test_a_deleted_image_is_not_found(cast: Cast) -> None:
    images = [make_image(cast.workspace, seed) for seed in range(3)]
    look(cast)
    delete_images(workspace=cast.workspace, ids=[images[1].id], actor=cast.bob)
    hits = search_by_picture(workspace=cast.workspace, version=None, data=drawn_jpeg(1), k=3)
    assert {hit.image for hit in hits} == {images[0], images[2]}


def test_another_workspace_finds_nothing_here(cast: Cast) -> None:
    make_image(cast.workspace, 0)
    look(cast)
    assert search_by_picture(workspace=cast.elsewhere, version=None, data=drawn_jpeg(0), k=3) == []


def test_an_image_nobody_looked_at_can_be_the_query(cast: Cast) -> None:
    make_image(cast.workspace, 0)
    look(cast)
    new = make_image(cast.workspace, 1)
    assert len(search_by_image(image=new, version=None, k=3)) == 1


def test_no_picture(cast: Cast) -> None:
    with pytest.raises(FileRefused):
        search_by_picture(workspace=cast.workspace, version=None, data=b"hello", k=3)


def test_nothing_new_queues_nothing(cast: Cast) -> None:
    make_image(cast.workspace, 0)
    look(cast)
    assert look(cast) is None
    make_image(cast.workspace, 1)
    assert start_describing(workspace=cast.workspace, actor=cast.bob) is not None
    assert start_describing(workspace=cast.workspace, actor=cast.bob) is None
