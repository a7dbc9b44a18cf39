"""Descriptors of many images become a file that other programs read."""

import csv
import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.core.exceptions import ObjectDoesNotExist

from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import Extraction, Group, Image, Job, Version
from dashboard.queries.library.image_filters import read_filter, stored
from dashboard.queries.library.image_tiles import ImageFilter, tile_page
from dashboard.services.extractions import images as extraction_images
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.jobs import jobs
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.groups import add_images
from dashboard.services.training.descriptors import describe
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.factories import Cast, drawn_jpeg, make_group, make_image, make_task, make_type


@pytest.fixture
def version(cast: Cast) -> Version:
    kind = make_type(cast.workspace)
    for number in range(2):
        images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
        group = make_group(kind, f"Group {number}")
        add_images(group=group, ids=[image.id for image in images], actor=cast.bob)
    make_image(cast.workspace, seed=99)
    task = make_task(cast.workspace)
    add_type(task=task, similarity_type=kind, actor=cast.bob)
    made, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    made.refresh_from_db()
    return made


def extracted(version: Version, cast: Cast, kind: str, **narrow: object) -> tuple[Extraction, Job]:
    extraction, job = start_extraction(
        workspace=cast.workspace, version=version, file_format=kind, **narrow, actor=cast.bob
    )
    run_job(str(job.id))
    extraction.refresh_from_db()
    job.refresh_from_db()
    return extraction, job


def expected(version: Version) -> np.ndarray:
    described = describe(version=version, pictures_bytes=[drawn_jpeg(99)])[0]
    assert isinstance(described, tuple)
    return described[0]


def test_jsonl(version: Version, cast: Cast) -> None:
    extraction, job = extracted(version, cast, "jsonl")
    assert (job.state, job.message, extraction.count) == ("done", "7 embeddings computed.", 7)
    head, *rows = [json.loads(line) for line in storage.read(extraction.path).splitlines()]
    assert head["header"]["version"] == 1
    assert head["header"]["count"] == 7
    row = next(row for row in rows if row["file_name"] == "99.jpg")
    assert np.abs(np.array(row["descriptor"]) - expected(version)).max() < 1e-5
    assert row["groups"] == []
    assert {tuple(row["groups"]) for row in rows} == {(), ("Group 0",), ("Group 1",)}


def test_parquet(version: Version, cast: Cast) -> None:
    extraction, _ = extracted(version, cast, "parquet")
    table = pq.read_table(io.BytesIO(storage.read(extraction.path)))
    assert json.loads(table.schema.metadata[b"likewise"])["dimension"] == version.dimension
    rows = {row["file_name"]: row for row in table.to_pylist()}
    assert np.abs(np.array(rows["99.jpg"]["descriptor"]) - expected(version)).max() < 1e-6


def test_npz(version: Version, cast: Cast) -> None:
    extraction, _ = extracted(version, cast, "npz")
    with np.load(io.BytesIO(storage.read(extraction.path)), allow_pickle=False) as arrays:
        assert arrays["descriptors"].shape == (7, version.dimension)
        place = list(arrays["file_names"]).index("99.jpg")
        assert np.abs(arrays["descriptors"][place] - expected(version)).max() < 1e-6
        assert json.loads(str(arrays["header"]))["task_name"] == "Shoes"


def test_csv(version: Version, cast: Cast) -> None:
    extraction, _ = extracted(version, cast, "csv")
    head, *lines = storage.read(extraction.path).decode().splitlines()
    assert json.loads(head.removeprefix("# "))["count"] == 7
    rows = {row["file_name"]: row for row in csv.DictReader(lines)}
    values = [float(rows["99.jpg"][f"d{place}"]) for place in range(version.dimension or 0)]
    assert np.abs(np.array(values) - expected(version)).max() < 1e-6


def test_of_a_group_or_a_type(version: Version, cast: Cast) -> None:
    group = Group.objects.get(name="Group 1")
    of_group, _ = extracted(version, cast, "jsonl", group=group)
    of_type, _ = extracted(version, cast, "jsonl", similarity_type=group.similarity_type)
    assert (of_group.count, of_type.count) == (3, 6)


def ids_in(extraction: Extraction) -> list[str]:
    """Read the ids of a result, of whatever format."""
    data = storage.read(extraction.path)
    match extraction.format:
        case "jsonl":
            return [json.loads(line)["id"] for line in data.splitlines()[1:]]
        case "parquet":
            return list(pq.read_table(io.BytesIO(data))["id"].to_pylist())
        case "npz":
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return [str(value) for value in arrays["ids"]]
    return [row["id"] for row in csv.DictReader(data.decode().splitlines()[1:])]


@pytest.mark.parametrize("name", ["test", "without_type", "group", "search", "several"])
def test_of_a_filter_it_is_what_the_grid_shows(version: Version, cast: Cast, name: str) -> None:
    group = Group.objects.get(name="Group 1")
    images = Image.objects.order_by("created")
    images.filter(pk__in=[images[0].pk, images[6].pk]).update(test_image=True)
    chosen = {
        "test": ImageFilter(test=True),
        "without_type": ImageFilter(without_type=group.similarity_type),
        "group": ImageFilter(group=group),
        "search": ImageFilter(search="1"),
        "several": ImageFilter(test=True, without_type=group.similarity_type, search="99"),
    }[name]
    shown = {tile["id"] for tile in tile_page(cast.workspace, chosen).tiles}
    assert 0 < len(shown) < 7
    for kind in Extraction.Format.values:
        extraction, job = extracted(version, cast, kind, image_filter=chosen)
        found = ids_in(extraction)
        assert (job.state, len(found)) == ("done", len(shown))
        assert set(found) == shown


def test_a_filter_whose_type_was_deleted_fails_with_a_sentence(
    version: Version, cast: Cast
) -> None:
    other = make_type(cast.workspace, "Another")
    extraction, job = start_extraction(
        workspace=cast.workspace,
        version=version,
        file_format="csv",
        image_filter=ImageFilter(without_type=other),
        actor=cast.bob,
    )
    other.delete()
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "was deleted. Select them again" in job.message
    assert not storage.exists(paths.extraction(cast.workspace.id, extraction.id, "csv"))


def test_a_filter_never_reaches_another_workspace(version: Version, cast: Cast) -> None:
    theirs = make_type(cast.elsewhere)
    with pytest.raises(ObjectDoesNotExist):
        read_filter(cast.workspace, stored(ImageFilter(without_type=theirs)))


def test_an_image_deleted_meanwhile_is_left_out(
    version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = make_image(cast.workspace, seed=50)
    storage.delete(f"{cast.workspace.id}/images/{new.id.hex[:2]}/{new.id}.jpg")
    extraction, job = extracted(version, cast, "jsonl")
    assert (job.state, extraction.count) == ("done", 7)


def test_cancel_while_it_waits_leaves_nothing(version: Version, cast: Cast) -> None:
    extraction, job = start_extraction(
        workspace=cast.workspace, version=version, file_format="csv", actor=cast.bob
    )
    cancel_job(job=job, actor=cast.bob)
    extraction.refresh_from_db()
    assert extraction.path == ""


def test_a_kill_while_writing_leaves_nothing_and_is_made_good(
    version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    extraction, job = start_extraction(
        workspace=cast.workspace, version=version, file_format="parquet", actor=cast.bob
    )
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(extraction_images, "group_names", die)
        with pytest.raises(KeyboardInterrupt):
            run_job(str(job.id))
    extraction.refresh_from_db()
    assert extraction.path == ""
    assert [*storage.names(f"{cast.workspace.id}/extractions")] == []
    run_job(str(job.id))
    extraction.refresh_from_db()
    assert extraction.count == Image.objects.count()
    assert jobs.Job.objects.get(pk=job.pk).state == "done"
