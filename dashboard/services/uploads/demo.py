"""Load and remove the demo: drawn images, imported and trained on like any others."""

import io
import zipfile
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from accounts.models import User, Workspace
from dashboard.demo.pictures import DemoPicture, draw_demo
from dashboard.files.store import room
from dashboard.models import (
    Group,
    Job,
    SimilarityType,
    Task,
    Upload,
    UploadGroup,
    UploadType,
)
from dashboard.queries.training.tasks import tasks_in
from dashboard.queries.uploads.demo import ARCHIVE, find_demo, is_going
from dashboard.services.errors import DemoGoes, DemoIsGone, DemoIsHere
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.library.groups import create_group, mark_group
from dashboard.services.library.similarity_types import create_type, delete_type
from dashboard.services.training.tasks import add_type, create_task, delete_task
from dashboard.services.uploads.undo import undo_upload
from dashboard.services.uploads.uploads import SentFile, start_upload
from dashboard.services.workspaces.usage import images_refusal, is_full

TASK = "Demo shop"
PRODUCTS, COLOURS = "Same product", "Same colours"
PICTURES = 420


@transaction.atomic
def start_demo(*, workspace: Workspace, actor: User) -> Job:
    """Queue the drawing of the demo.

    Raises `DemoIsHere` if it is loaded or being loaded, `DemoGoes` while it is being removed.
    """
    room.refuse_if_low()
    # A second click waits here and then finds the first one's job.
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    running = Job.objects.in_workspace(workspace).filter(kind=Job.Kind.DEMO)
    if demo_task(workspace) or running.exclude(state__in=Job.FINISHED).exists():
        raise DemoIsHere
    if is_going(workspace):
        raise DemoGoes
    if is_full(workspace):
        raise images_refusal()
    return enqueue(
        workspace=workspace,
        kind=Job.Kind.DEMO,
        title="Drawing the demo",
        subject_id=workspace.id,
        actor=actor,
    )


def demo_task(workspace: Workspace) -> Task | None:
    """Return the demo's task, or None."""
    return tasks_in(workspace).filter(name=TASK).first()


@transaction.atomic
def remove_demo(*, workspace: Workspace, actor: User) -> Job | None:
    """Delete the demo's task with its versions, and queue the undo of its upload.

    The undo deletes the images, and the groups and types that contain nothing else and that no
    other task uses: what people added is kept, with its groups. Returns None if the upload was
    already undone. Raises `DemoIsGone`, `UsedByCollections`, and `StillUnderWay` while its images
    are imported; then nothing is changed.
    """
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    demo = find_demo(workspace)
    if demo is None:
        raise DemoIsGone
    types = demo.types()
    delete_task(task=demo.task, actor=actor)
    if demo.upload.stage != Upload.Stage.UNDONE:
        return undo_upload(upload=demo.upload, title="Removal of the demo", actor=actor)
    for kind in types:
        if not kind.groups_count and not kind.tasks.exists():
            delete_type(similarity_type=kind, actor=actor)
    return None


def run_demo(*, workspace: Workspace, handle: jobs.Handle) -> str:
    """Draw the images, then import them with an ordinary upload, which ends in a training.

    All rows are created in one transaction: a run after a kill finds all of them or none.
    """
    if demo_task(workspace) is not None:
        return "The demo is ready."
    actor = handle.job.created_by
    if actor is None:
        raise DemoIsHere
    pictures: list[DemoPicture] = []
    # Drawn before the transaction, which then holds its locks only briefly.
    for picture in draw_demo():
        pictures.append(picture)
        done = len(pictures)
        handle.tick(step="Drawing", total=PICTURES, done=done, fraction=done / (PICTURES + 1))
    with transaction.atomic():
        handle.report(total=len(pictures), done=len(pictures))
        _hand_over(workspace, pictures, actor)
    return f"{len(pictures)} images drawn. An upload imports them, then a training starts."


def _hand_over(workspace: Workspace, pictures: list[DemoPicture], actor: User) -> UUID:
    products, colours = (
        create_type(workspace=workspace, name=name, exclusive=True, actor=actor)
        for name in (PRODUCTS, COLOURS)
    )
    held_out = {picture.product for picture in pictures if picture.held_out}
    colourways = {one.colourway for one in pictures if one.held_out}
    made = [
        *_make_test_groups(products, held_out, actor),
        *_make_test_groups(colours, colourways, actor),
    ]
    task = create_task(
        workspace=workspace,
        name=TASK,
        description="Drawn products in drawn colours: look around, then upload your own images.",
        actor=actor,
    )
    for kind in (products, colours):
        add_type(task=task, similarity_type=kind, actor=actor)
    by_product = [(f"{one.product}/{one.file_name}", one.data) for one in pictures]
    by_colours = [(f"{one.colourway}/{one.file_name}", one.data) for one in pictures]
    upload, _ = start_upload(
        workspace=workspace,
        files=[
            _packed(ARCHIVE, by_product, products),
            _packed("demo colours.zip", by_colours, colours),
        ],
        similarity_type=None,
        then_train=task,
        actor=actor,
    )
    _tell_what_it_made(upload, (products, colours), made)
    return upload.id


def _tell_what_it_made(
    upload: Upload, types: Iterable[SimilarityType], groups: Iterable[Group]
) -> None:
    """Record the types and groups that were made for the upload, so that its undo deletes them."""
    UploadType.objects.bulk_create(UploadType(upload=upload, similarity_type=one) for one in types)
    UploadGroup.objects.bulk_create(UploadGroup(upload=upload, group=one) for one in groups)


def _make_test_groups(kind: SimilarityType, names: Iterable[str], actor: User) -> list[Group]:
    """Create the groups with the test mark before their images are imported."""
    groups = [create_group(similarity_type=kind, name=name, actor=actor) for name in sorted(names)]
    for group in groups:
        mark_group(group=group, test_group=True, actor=actor)
    return groups


def _packed(name: str, files: Iterable[tuple[str, bytes]], kind: SimilarityType) -> SentFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path, data in files:
            archive.writestr(path, data)
    size = stream.tell()
    stream.seek(0)
    return SentFile(name, size, stream, kind)
