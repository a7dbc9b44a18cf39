"""Regions teach as images of their own: with the features of their crop, kept by its content."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from dashboard import runtime
from dashboard.engine.training_set import TypeData
from dashboard.files.images.images import stored_pixels
from dashboard.files.store import paths, storage
from dashboard.jobs.runner import run_job
from dashboard.models import (
    Feature,
    Group,
    GroupNesting,
    Image,
    Region,
    RegionFeature,
    SimilarityType,
    Task,
    Version,
)
from dashboard.queries.training.features import features_of_regions
from dashboard.queries.training.readiness import readiness
from dashboard.queries.training.snapshots import snapshot
from dashboard.queries.training.training_set import training_set
from dashboard.services.library.groups import add_images, add_regions, mark_group
from dashboard.services.library.images import add_image, change_image, delete_images
from dashboard.services.library.regions import Box, change_region
from dashboard.services.training import features
from dashboard.services.training.descriptors import describe
from dashboard.services.training.features import ensure_features
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.factories import Cast, make_group, make_image, make_region, make_task
from tests.factories import make_type as a_type

LEFT, RIGHT = Box(0, 0, 30, 48), Box(32, 0, 64, 40)


@pytest.fixture
def kind(cast: Cast) -> SimilarityType:
    """Make a type with two groups: the left and the right sides of three pictures."""
    similarity_type = a_type(cast.workspace)
    images = [make_image(cast.workspace, seed=seed) for seed in range(3)]
    for name, box in (("Left", LEFT), ("Right", RIGHT)):
        regions = [make_region(image, box=box) for image in images]
        group = make_group(similarity_type, name)
        add_regions(group=group, ids=[region.id for region in regions], actor=cast.bob)
    return similarity_type


@pytest.fixture
def task(cast: Cast, kind: SimilarityType) -> Task:
    made = make_task(cast.workspace)
    add_type(task=made, similarity_type=kind, actor=cast.bob)
    return made


def trained(task: Task, cast: Cast) -> Version:
    version, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    version.refresh_from_db()
    assert version.status == Version.Status.TRAINED, version.detail
    return version


def arrays(task: Task) -> TypeData:
    """Return what a training of the task would see of its first type."""
    seen = snapshot(task)
    version = Version(workspace=task.workspace, task=task, encoder="builtin-1")
    images, regions = list(seen.images.values()), list(seen.regions.values())
    ensure_features(images=images, regions=regions, encoder_key="builtin-1")
    return training_set(version, seen).types[0]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Hear the size of every picture that the encoder is shown from now on."""
    shown: list[tuple[int, int]] = []
    whole: Callable[..., Any] = features.features_of_picture

    def count(encoder: Any, picture: Pillow.Image) -> Any:
        shown.append(picture.size)
        return whole(encoder, picture)

    monkeypatch.setattr(features, "features_of_picture", count)
    return shown


def test_it_works(task: Task, kind: SimilarityType, cast: Cast) -> None:
    version = trained(task, cast)
    report = version.metrics[str(kind.id)]
    assert (report["groups"], report["images"]) == (2, 6)
    assert report["unseen"]["queries"] == 6
    assert (RegionFeature.objects.count(), Feature.objects.count()) == (6, 0)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_descriptor_is_that_of_the_crop(task: Task, cast: Cast, form: str) -> None:
    picture = Pillow.effect_noise((900, 640), 80).convert("RGB")
    stream = io.BytesIO()
    picture.save(stream, form)
    image = add_image(
        workspace=cast.workspace, data=stream.getvalue(), file_name="a", actor=cast.bob
    )
    region = make_region(image, box=Box(101, 57, 703, 333))
    version = trained(task, cast)
    ensure_features(images=[], regions=[region], encoder_key=version.encoder)
    feature = features_of_regions(cast.workspace, [region], version.encoder)[region.id]
    row = runtime.version(version.id, version.artifact, version.encoder).describe(feature[None])[0]
    stored = storage.read(paths.image(cast.workspace.id, image.id, image.extension))
    crop = io.BytesIO()
    with stored_pixels(stored) as whole:
        whole.crop(region.box).save(crop, "PNG")
    [(alone, width, height)] = describe(version=version, pictures_bytes=[crop.getvalue()])  # type: ignore[misc]
    assert (width, height) == (602, 276)
    assert np.abs(row - alone).max() < 1e-5


def test_features_are_computed_once(task: Task, cast: Cast, looks: list[tuple[int, int]]) -> None:
    trained(task, cast)
    assert sorted(looks) == [(30, 48)] * 3 + [(32, 40)] * 3
    trained(task, cast)
    assert len(looks) == 6


def test_one_that_moved_is_looked_at_again(
    task: Task, cast: Cast, looks: list[tuple[int, int]]
) -> None:
    trained(task, cast)
    region = Region.objects.filter(right=30).first()
    assert region is not None
    change_region(region=region, changes={"box": Box(0, 0, 29, 47)}, actor=cast.bob)
    trained(task, cast)
    assert looks[6:] == [(29, 47)]
    change_region(region=region, changes={"box": LEFT}, actor=cast.bob)
    trained(task, cast)
    assert len(looks) == 7


def test_two_on_the_same_pixels_share_a_look(cast: Cast, looks: list[tuple[int, int]]) -> None:
    image = make_image(cast.workspace)
    pair = [make_region(image, box=LEFT) for _ in range(2)]
    ensure_features(images=[], regions=pair, encoder_key="builtin-1")
    found = features_of_regions(cast.workspace, pair, "builtin-1")
    assert found.keys() == {region.id for region in pair}
    assert len(looks) == RegionFeature.objects.count() == 1


def test_an_image_is_read_once_for_all_its_regions(
    task: Task, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    whole = storage.read
    monkeypatch.setattr(storage, "read", lambda name: (read.append(name), whole(name))[1])
    trained(task, cast)
    assert len(read) == len(set(read)) == 3


def test_those_of_a_test_image_are_held_out(task: Task, cast: Cast) -> None:
    image = Image.objects.first()
    assert image is not None
    change_image(image=image, changes={"test_image": True}, actor=cast.bob)
    assert arrays(task).held_out.sum() == 2
    mark_group(group=Group.objects.get(name="Left"), test_group=True, actor=cast.bob)
    assert arrays(task).held_out.sum() == 4


def test_those_of_a_deleted_image_teach_nothing(task: Task, cast: Cast) -> None:
    image = Image.objects.first()
    assert image is not None
    delete_images(workspace=cast.workspace, ids=[image.id], actor=cast.bob)
    assert len(arrays(task)) == 4


def test_an_image_that_goes_meanwhile_is_left_out(task: Task, cast: Cast) -> None:
    seen = snapshot(task)
    image = Image.objects.first()
    assert image is not None
    storage.delete(paths.image(cast.workspace.id, image.id, image.extension))
    regions = list(seen.regions.values())
    ensure_features(images=[], regions=regions, encoder_key="builtin-1")
    assert len(features_of_regions(cast.workspace, regions, "builtin-1")) == 4


def test_images_and_regions_learn_together(task: Task, kind: SimilarityType, cast: Cast) -> None:
    other = make_image(cast.workspace, seed=9)
    add_images(group=Group.objects.get(name="Left"), ids=[other.id], actor=cast.bob)
    assert len(arrays(task)) == len(set(arrays(task).images.tolist())) == 7


def test_who_shows_the_same_pixels_has_one_number(task: Task, cast: Cast) -> None:
    """Neither may find the other: that would be no feat."""
    region = Region.objects.order_by("created").first()
    assert region is not None
    twin = make_region(region.image, box=Box(2, 0, 31, 48))
    add_regions(group=Group.objects.get(name="Right"), ids=[twin.id], actor=cast.bob)
    assert len(set(arrays(task).images.tolist())) == 6
    add_images(group=Group.objects.get(name="Left"), ids=[region.image_id], actor=cast.bob)
    assert len(arrays(task)) == 8
    assert len(set(arrays(task).images.tolist())) == 5


def test_those_below_a_group_of_groups_count_for_it(task: Task, cast: Cast) -> None:
    family = a_type(cast.workspace, "Same family")
    add_type(task=task, similarity_type=family, actor=cast.bob)
    above = make_group(family, "All")
    for child in Group.objects.filter(name__in=["Left", "Right"]):
        GroupNesting.objects.create(parent=above, child=child)
    Group.objects.filter(pk=above.pk).update(groups_count=2)
    assert len(snapshot(task).members[family]) == 6


def test_the_meter_counts_them(task: Task, cast: Cast) -> None:
    assert [row.usable_groups for row in readiness(task)] == [2]
    kind = task.similarity_types.get()
    mixed = make_group(kind, "Mixed")
    image = make_image(cast.workspace, seed=7)
    add_images(group=mixed, ids=[image.id], actor=cast.bob)
    assert readiness(task)[0].usable_groups == 2
    region = make_region(make_image(cast.workspace, seed=8))
    add_regions(group=mixed, ids=[region.id], actor=cast.bob)
    assert readiness(task)[0].usable_groups == 3


def test_what_it_saw_is_kept_with_the_boxes(task: Task) -> None:
    kept = snapshot(task).as_json()
    region = Region.objects.first()
    assert region is not None
    assert kept["regions"][str(region.id)] == [str(region.image_id), *region.box]
    assert kept["images"][str(region.image_id)] == region.image.stored_sha256


def test_a_strangers_region_is_no_member(task: Task, cast: Cast) -> None:
    seen = snapshot(task)
    assert {region.workspace_id for region in seen.regions.values()} == {cast.workspace.id}
    assert features_of_regions(cast.elsewhere, list(seen.regions.values()), "builtin-1") == {}
