"""A version can be had again from what it kept: the same descriptors, whatever changed since."""

import io
import json
import uuid

import pytest
from django.core.management import CommandError, call_command

from dashboard.engine import gate, ways
from dashboard.engine.heads import Recipe
from dashboard.engine.metrics import Scores
from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import Feature, Group, GroupImage, Image, Region, RegionFeature, Task, Version
from dashboard.services.errors import NotReproducible
from dashboard.services.library.groups import add_images, add_regions, mark_group
from dashboard.services.library.images import change_image, delete_images
from dashboard.services.library.regions import Box, change_region, delete_region
from dashboard.services.training import reproduction
from dashboard.services.training.reproduction import train_again
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from tests.factories import (
    Cast,
    make_group,
    make_image,
    make_region,
    make_task,
    make_type,
    make_version,
)


def let_through(recipe: Recipe, *_: Scores | str, seed: int) -> gate.Verdict:
    """Deliver what was learned: whether drawings this small teach anything is chance."""
    return gate.Verdict(f"It is let through by {seed}.", recipe, 0.0, 0.0)


@pytest.fixture
def version(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Version:
    """Train two types, one of images and one with regions, by a gate that lets all through."""
    monkeypatch.setattr(gate, "compare", let_through)
    monkeypatch.setattr(gate, "holds", lambda *_: True)
    monkeypatch.setattr(ways, "CANDIDATES", ways.CANDIDATES[:2])
    task = make_task(cast.workspace)
    for name in ("Same product", "Same part"):
        add_type(task=task, similarity_type=make_type(cast.workspace, name), actor=cast.bob)
    product, part = task.similarity_types.order_by("-name")
    for number in range(12):
        images = [make_image(cast.workspace, seed=10 * number + i) for i in range(3)]
        group = make_group(product, f"Product {number}")
        add_images(group=group, ids=[image.id for image in images], actor=cast.bob)
        regions = [make_region(image, box=Box(number, 0, 40 + number, 40)) for image in images]
        group = make_group(part, f"Part {number}")
        add_regions(group=group, ids=[region.id for region in regions], actor=cast.bob)
    mark_group(group=Group.objects.get(name="Product 3"), test_group=True, actor=cast.bob)
    made, job = start_training(task=task, actor=cast.bob)
    run_job(str(job.id))
    made.refresh_from_db()
    assert made.status == Version.Status.TRAINED, made.detail
    assert all(report["verdict"]["better"] for report in made.metrics.values())
    return made


def change_everything(cast: Cast) -> None:
    """Do to groups, images and regions what a team does from day to day."""
    group = Group.objects.get(name="Product 1")
    add_images(group=group, ids=[make_image(cast.workspace, 999).id], actor=cast.bob)
    mark_group(group=Group.objects.get(name="Product 3"), test_group=False, actor=cast.bob)
    image = GroupImage.objects.filter(group__name="Product 5").first()
    assert image is not None
    change_image(image=image.image, changes={"test_image": True}, actor=cast.bob)
    first, second = Region.objects.order_by("created")[:2]
    change_region(region=first, changes={"box": Box(1, 1, 9, 9)}, actor=cast.bob)
    delete_region(region=second, actor=cast.bob)


def test_it_works(version: Version) -> None:
    files = sorted(storage.names(version.artifact))
    found = train_again(version=version)
    assert (found.described, found.changed) == (72, [])
    assert found.is_same
    assert found.difference <= 1e-5
    assert sorted(storage.names(version.artifact)) == files  # nothing is kept of it
    assert Version.objects.count() == 1


def test_it_does_not_matter_what_changed_since(version: Version, cast: Cast) -> None:
    change_everything(cast)
    Feature.objects.all().delete()
    RegionFeature.objects.all().delete()
    found = train_again(version=version)
    assert (found.described, found.changed, found.is_same) == (72, [], True)


def test_another_seed_would_show(version: Version) -> None:
    version.seed += 1
    assert train_again(version=version).changed == ["seed"]


def test_another_model_would_show(version: Version, cast: Cast) -> None:
    """The comparison can fail: against a model of other groups it does."""
    kept = json.loads(storage.read(f"{version.artifact}/snapshot.json"))
    for rows in kept["types"].values():
        groups = [row[0] for row in rows]
        for row, group in zip(rows, groups[1:] + groups[:1], strict=True):
            row[0] = group
    storage.write(f"{version.artifact}/snapshot.json", json.dumps(kept).encode())
    found = train_again(version=version)
    assert found.changed == ["data"]
    assert not found.is_same


def test_what_is_gone_is_told(version: Version, cast: Cast) -> None:
    first, second = Image.objects.order_by("created")[:2]
    Image.objects.filter(pk=second.pk).update(stored_sha256="0" * 64)
    delete_images(workspace=cast.workspace, ids=[first.id], actor=cast.bob)
    with pytest.raises(
        NotReproducible, match="2 of the 36 images that it was trained on no longer"
    ):
        train_again(version=version)
    storage.delete(f"{version.artifact}/snapshot.json")
    with pytest.raises(NotReproducible, match="Shoes version 1 cannot be trained again"):
        train_again(version=version)


def test_the_command_works_and_refuses(
    version: Version, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    call_command("reproduce", str(version.pk), stdout=out)
    assert out.getvalue().startswith("Shoes version 1, trained again: 72 descriptors differ by at ")
    queued = make_version(Task.objects.get(), status=Version.Status.ERROR, artifact="")
    for key in (uuid.uuid4(), queued.pk):
        with pytest.raises(CommandError, match="No trained version"):
            call_command("reproduce", str(key))
    monkeypatch.setattr(reproduction, "SAME", -1.0)
    with pytest.raises(CommandError, match="differ by at most"):
        call_command("reproduce", str(version.pk))
    storage.delete(f"{version.artifact}/snapshot.json")
    with pytest.raises(CommandError, match="cannot be trained again"):
        call_command("reproduce", str(version.pk))
