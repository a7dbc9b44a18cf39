"""Fill a workspace with a little of everything, export it and import it elsewhere."""

import io
from collections.abc import Callable
from typing import Any

from accounts.models import User, Workspace
from dashboard.files.store import storage
from dashboard.jobs.runner import run_job
from dashboard.models import (
    Collection,
    Feature,
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    Job,
    Label,
    Record,
    Region,
    RegionFeature,
    SimilarityType,
    Task,
    Transfer,
    Verification,
    Version,
)
from dashboard.services.exchange.transfers import open_import, start_export
from dashboard.services.library.groups import add_images, add_regions
from dashboard.services.library.nesting import add_groups
from dashboard.services.library.verifications import verify_group, verify_image
from dashboard.services.training.tasks import add_type
from dashboard.services.training.training import start_training
from dashboard.services.training.versions import set_production
from dashboard.services.uploads.receiving import append, register_part
from dashboard.services.uploads.receiving_end import finish_receiving
from tests import factories


def fill(workspace: Workspace, *members: User) -> Version:
    """Put a little of everything into a workspace; return its trained version."""
    actor = factories.owner_of(workspace)
    product = factories.make_type(
        workspace, "Same product", description="Of one article number", fold_by="place"
    )
    colour = factories.make_type(workspace, "Same colour", exclusive=True)
    for number in range(3):
        images = [
            factories.make_image(
                workspace, seed=10 * number + i, meta_data={"place": i, "of": [number]}, real=i > 0
            )
            for i in range(3)
        ]
        ids = [image.id for image in images]
        of_product = factories.make_group(product, f"Product {number}", meta_data={"sku": number})
        add_images(group=of_product, ids=ids, actor=actor)
        of_colour = factories.make_group(colour, f"Colour {number}", test_group=number == 2)
        add_images(group=of_colour, ids=ids[:2], actor=actor)
        verify_group(group=of_product, user=actor, actor=actor)
        for member in members:
            verify_image(image=images[0], user=member, actor=member)
    label = factories.make_label(workspace, "Heel", color="#ff0000")
    region = factories.make_region(images[0], label=label, meta_data={"sure": True})
    with_region = factories.make_group(product, "Heels")
    add_regions(group=with_region, ids=[region.id], actor=actor)
    family = factories.make_group(colour, "Family")
    add_groups(group=family, ids=[of_product.id, with_region.id], actor=actor)
    task = factories.make_task(workspace, description="What is sold")
    add_type(task=task, similarity_type=product, actor=actor)
    version, job = start_training(task=task, actor=actor)
    run_job(str(job.id))
    version.refresh_from_db()
    set_production(version=version, production=True, actor=actor)
    collection = factories.make_collection(workspace, task=task)
    factories.make_records(collection, "red", "blue", price=3)
    return version


def export(workspace: Workspace, actor: User) -> tuple[Transfer, bytes]:
    """Export a workspace and return its archive."""
    transfer, job = start_export(workspace=workspace, actor=actor)
    run_job(str(job.id))
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message
    transfer.refresh_from_db()
    return transfer, storage.read(transfer.path)


def sent(workspace: Workspace, data: bytes, actor: User) -> tuple[Transfer, Job]:
    """Upload an archive to import; its job is waiting."""
    transfer = open_import(workspace=workspace, name="workspace.zip", actor=actor)
    assert transfer.upload is not None
    part = register_part(
        upload=transfer.upload, name="workspace.zip", size=len(data), kind="archive", actor=actor
    )
    append(part=part, stream=io.BytesIO(data), start=0, length=len(data))
    return transfer, finish_receiving(upload=transfer.upload, actor=actor)


def bring(workspace: Workspace, data: bytes, actor: User) -> tuple[Transfer, Job]:
    """Import an archive; return the job after it has ended."""
    transfer, job = sent(workspace, data, actor)
    run_job(str(job.id))
    job.refresh_from_db()
    transfer.refresh_from_db()
    return transfer, job


# By noun: the rows of a workspace, and the fields that identify each.
_Rows = Callable[[Workspace], Any]
TOLD: dict[str, tuple[_Rows, tuple[str, ...]]] = {
    "images": (
        lambda workspace: Image.objects.in_workspace(workspace).present(),
        (
            *("file_name", "sha256", "stored_sha256", "extension", "width", "height"),
            *("file_size", "meta_data", "test_image", "real", "created"),
        ),
    ),
    "features": (Feature.objects.in_workspace, ("image__sha256", "encoder", "vector")),
    "types": (
        SimilarityType.objects.in_workspace,
        ("name", "description", "exclusive", "fold_by", "groups_count", "created"),
    ),
    "labels": (
        Label.objects.in_workspace,
        ("name", "description", "color", "output_name"),
    ),
    "regions": (
        Region.objects.in_workspace,
        ("image__sha256", "label__name", "left", "top", "right", "bottom", "meta_data", "created"),
    ),
    "region features": (
        RegionFeature.objects.in_workspace,
        ("image__sha256", "encoder", "left", "top", "right", "bottom", "vector"),
    ),
    "groups": (
        Group.objects.in_workspace,
        (
            *("similarity_type__name", "name", "description", "meta_data", "test_group"),
            *("images_count", "regions_count", "groups_count", "created"),
        ),
    ),
    "members": (
        lambda workspace: GroupImage.objects.filter(group__in=_groups(workspace)),
        ("group__name", "image__sha256", "exclusive", "similarity_type__name"),
    ),
    "region members": (
        lambda workspace: GroupRegion.objects.filter(group__in=_groups(workspace)),
        ("group__name", "region__image__sha256"),
    ),
    "nestings": (
        lambda workspace: GroupNesting.objects.filter(parent__in=_groups(workspace)),
        ("parent__name", "child__name"),
    ),
    "tasks": (
        Task.objects.in_workspace,
        (
            *("name", "description", "encoder", "versions_count", "production_version__number"),
            *("similarity_types__name", "created"),
        ),
    ),
    "versions": (
        Version.objects.in_workspace,
        (
            *("task__name", "number", "status", "detail", "encoder", "seed", "dimension"),
            *("trained", "created"),
        ),
    ),
    "collections": (
        Collection.objects.in_workspace,
        ("name", "description", "task__name", "version__number", "records_count", "created"),
    ),
    "records": (
        lambda workspace: Record.objects.filter(collection__workspace=workspace),
        ("collection__name", "key", "fields", "vector"),
    ),
}


def _groups(workspace: Workspace) -> Any:
    return Group.objects.in_workspace(workspace)


def told(workspace: Workspace) -> dict[str, list[str]]:
    """Return everything that an archive holds of a workspace, with names and contents for ids."""
    return {noun: values_of(rows(workspace), *names) for noun, (rows, names) in TOLD.items()}


def verifications(workspace: Workspace) -> list[str]:
    """Return who verified which images."""
    rows = Verification.objects.in_workspace(workspace)
    return values_of(rows, "user__email", "group__name", "image__sha256", "created")


def values_of(rows: Any, *names: str) -> list[str]:
    """Return these fields of rows in a comparable order."""
    found = rows.order_by().values_list(*names)
    return sorted(
        repr([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in found
    )
