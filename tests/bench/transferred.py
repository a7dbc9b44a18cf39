"""A workspace of small images in many groups with all that goes with them, out and in again.

Each step prints the peak of its process in bytes.
"""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.filled import ready

ready()

from django.conf import settings  # noqa: E402

from accounts.models import User, Workspace  # noqa: E402
from accounts.services import create_user  # noqa: E402
from dashboard.engine.prior import BOTH, BUILTIN  # noqa: E402
from dashboard.files.store import storage  # noqa: E402
from dashboard.jobs.runner import run_job  # noqa: E402
from dashboard.models import (  # noqa: E402
    Collection,
    Feature,
    Image,
    Job,
    Label,
    Record,
    Region,
    RegionFeature,
    SimilarityType,
    Version,
)
from dashboard.queries.library.images import images_in  # noqa: E402
from dashboard.queries.training.encoders import default_key  # noqa: E402
from dashboard.services.exchange.transfers import send_archive, start_export  # noqa: E402
from dashboard.services.library.groups import add_images, add_regions, create_group  # noqa: E402
from dashboard.services.library.similarity_types import create_type  # noqa: E402
from dashboard.services.search.records import NewRecord, write_records  # noqa: E402
from dashboard.services.training.tasks import add_type, create_task  # noqa: E402
from dashboard.services.training.training import start_training  # noqa: E402
from dashboard.services.workspaces.workspaces import open_workspace  # noqa: E402
from tests.bench.extracted import AT_ONCE, add  # noqa: E402
from tests.pictures import photos  # noqa: E402

HERE, ELSEWHERE = "Photos", "Photos elsewhere"
OF_A_GROUP = 6
RECORDS = 20_000 / 3_000  # of each image
SIZE = (64, 48)
BOX = {"left": 0, "top": 0, "right": 32, "bottom": 32}
DIMENSIONS = {BUILTIN: 512, BOTH: 1024}


def fill(images: int) -> None:
    """Make the workspace: images and parts of them in groups, with features, a version, records."""
    owner = create_user(email="bench@example.org", password="correct horse battery")
    here = open_workspace(name=HERE, actor=owner)
    open_workspace(name=ELSEWHERE, actor=owner)
    files = iter(photos(images, SIZE))
    while batch := list(islice(files, AT_ONCE)):
        add(here, owner, batch)
    version = _trained(here, _grouped(here, owner), owner)
    collection = Collection.objects.create(
        workspace=here, name="Shop", task=version.task, version=version
    )
    _fill(collection, round(images * RECORDS))
    _tell()


def _grouped(workspace: Workspace, owner: User) -> SimilarityType:
    kind = create_type(workspace=workspace, name="Same photo", exclusive=False, actor=owner)
    label = Label.objects.in_workspace(workspace).get()
    images = list(images_in(workspace).order_by("created", "pk"))
    for start in range(0, len(images), OF_A_GROUP):
        batch = images[start : start + OF_A_GROUP]
        regions = Region.objects.bulk_create(
            Region(workspace=workspace, image=image, label=label, **BOX) for image in batch
        )
        group = create_group(similarity_type=kind, name=f"Photo {start}", actor=owner)
        add_images(group=group, ids=[image.pk for image in batch], actor=owner)
        add_regions(group=group, ids=[region.pk for region in regions], actor=owner)
        _see(batch)
    return kind


def _see(images: list[Image]) -> None:
    """Write features as the task's encoder might: those of a group lie close together."""
    dice = np.random.default_rng(int(images[0].sha256[:8], 16))
    encoder = default_key()
    middle = dice.normal(size=DIMENSIONS[encoder])
    seen: list[dict[str, Any]] = [
        {
            "workspace": image.workspace,
            "image": image,
            "encoder": encoder,
            "vector": (middle + dice.normal(size=len(middle))).astype("<f2").tobytes(),
        }
        for image in images
    ]
    Feature.objects.bulk_create(Feature(**fields) for fields in seen)
    RegionFeature.objects.bulk_create(RegionFeature(**fields, **BOX) for fields in seen)


def _trained(workspace: Workspace, kind: SimilarityType, owner: User) -> Version:
    task = create_task(workspace=workspace, name="Photos", actor=owner)
    add_type(task=task, similarity_type=kind, actor=owner)
    version, job = start_training(task=task, actor=owner)
    run(job)
    version.refresh_from_db()
    return version


def _fill(collection: Collection, count: int) -> None:
    dice = np.random.default_rng(1)
    for start in range(0, count, 1000):
        rows = dice.normal(size=(min(1000, count - start), collection.version.dimension or 0))
        records = [
            NewRecord(str(start + at), {"price": at, "words": "a shoe " * 9}, row)
            for at, row in enumerate(rows.astype("<f4"))
        ]
        write_records(collection=collection, records=records)


def export() -> None:
    """Write the workspace into an archive, as a worker does."""
    here = Workspace.objects.get(name=HERE)
    transfer, job = start_export(workspace=here, actor=_owner())
    run(job)
    transfer.refresh_from_db()
    with storage.open(transfer.path) as stored, _archive().open("wb") as file:
        while data := stored.read(1 << 20):
            file.write(data)
    _tell()


def send() -> None:
    """Send the archive to the other workspace."""
    send_archive(workspace=Workspace.objects.get(name=ELSEWHERE), file=_archive(), actor=_owner())
    _tell()


def bring() -> None:
    """Bring the archive in, as a worker does, and see that all is there."""
    run(Job.objects.get(kind=Job.Kind.IMPORT))
    for rows in (Image.objects, Feature.objects, RegionFeature.objects, Region.objects):
        there, here = (rows.filter(workspace__name=name).count() for name in (ELSEWHERE, HERE))
        if there != here:
            raise RuntimeError(f"{there} of {here} came in")
    records = {one.workspace.name: one.records_count for one in Collection.objects.all()}
    if len(set(records.values())) != 1 or 2 * records[HERE] != Record.objects.count():
        raise RuntimeError(f"not all records came in: {records}")
    _tell()


def _owner() -> User:
    return User.objects.get()


def _archive() -> Path:
    return Path(settings.LIKEWISE_DATA, "bench.zip")


def run(job: Job) -> None:
    run_job(str(job.pk))
    job.refresh_from_db()
    if job.state != Job.State.DONE:
        raise RuntimeError(job.message)


def _tell() -> None:
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
