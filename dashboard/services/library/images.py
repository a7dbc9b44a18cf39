"""Add images, one for each content, and change and delete them."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.journal import record, values_of
from accounts.models import User, Workspace
from accounts.verbs import Verb
from dashboard.files.images import images as pictures
from dashboard.files.store import paths, room, storage
from dashboard.models import Image, Region, Verification
from dashboard.queries.library.images import images_by_sha256, images_in
from dashboard.services.errors import ImageExists
from dashboard.services.journal.payloads import MOST, Lost, marks_before, touched, with_lost
from dashboard.services.library.members import leave_all_groups
from dashboard.services.library.regions import lost_regions
from dashboard.services.row_locks import lock_all, lock_rows
from dashboard.services.workspaces.usage import Room, count_on, hold_images, images_refusal

# Each batch is a transaction that locks its rows while files are deleted.
FILES_PER_BATCH = 100


@dataclass(frozen=True)
class NewImage:
    """An image that is ready to be inserted; its files are already written, under `id`."""

    id: UUID
    picture: pictures.StoredImage
    file_name: str = ""
    meta_data: dict[str, Any] = field(default_factory=dict)
    test_image: bool = False
    real: bool = True
    created: datetime | None = None  # None: now


def write_files(workspace: Workspace, image_id: UUID, picture: pictures.StoredImage) -> None:
    """Write an image's two files atomically; writing them again changes nothing."""
    storage.write(paths.image(workspace.id, image_id, picture.extension), picture.stored)
    storage.write(paths.thumbnail(workspace.id, image_id), picture.thumbnail)


def _has_files(workspace: Workspace, image_id: UUID, picture: pictures.StoredImage) -> bool:
    """Return whether an image's two files exist with the right content."""
    try:
        return (
            storage.read(paths.image(workspace.id, image_id, picture.extension)) == picture.stored
            and storage.read(paths.thumbnail(workspace.id, image_id)) == picture.thumbnail
        )
    except FileNotFoundError:
        return False


def delete_files(image: Image) -> None:
    """Delete an image's two files, if they exist."""
    storage.delete(paths.image(image.workspace_id, image.id, image.extension))
    storage.delete(paths.thumbnail(image.workspace_id, image.id))


def remove_unused(
    workspace: Workspace, tried: Sequence[NewImage], images: Mapping[str, Image]
) -> None:
    """Delete the files of images that got no row from `insert_images`, which returned `images`.

    A concurrent upload of the same bytes was faster, or the quota was reached.
    """
    for new in tried:
        image = images.get(new.picture.sha256)
        if image is not None and image.id == new.id:
            continue
        if Image.objects.filter(pk=new.id).exists():  # deleted, and not restored
            delete_files_of([new.id])
        else:
            delete_files(Image(id=new.id, workspace=workspace, extension=new.picture.extension))


def insert_images(
    *, workspace: Workspace, images: Sequence[NewImage], actor: User | None
) -> dict[str, Image]:
    """Insert images and return the workspace's image for each content hash.

    Call it in a transaction. If the workspace has a hash already, the existing row is kept as it
    is; a deleted one is restored, in no group. Images that exceed the quota are not inserted or
    returned.
    """
    # The first lock: all who add or delete images of this workspace wait here, so the quota is
    # checked against numbers that cannot change.
    usage = hold_images(workspace.pk)
    known = images_by_sha256(workspace, [image.picture.sha256 for image in images])
    now = timezone.now()
    fresh = {image.picture.sha256: image for image in images}
    before, left = (usage.count, usage.size), Room(usage)
    for sha256, new in list(fresh.items()):
        is_here = sha256 in known and known[sha256].deleted is None
        if not is_here and not left.take(new.picture.file_size):
            del fresh[sha256]
    gone = [row.pk for row in known.values() if row.deleted is not None and row.sha256 in fresh]
    returning = lock_all(Image.objects.filter(pk__in=gone, deleted__isnull=False))
    for row in returning:
        _fill(row, fresh[row.sha256], actor)
        # Under the row's lock, so that nobody deletes these files, or writes others. An import
        # wrote them before: writing them all here would hold SQLite's lock for that long.
        if not _has_files(workspace, row.id, fresh[row.sha256].picture):
            write_files(workspace, row.id, fresh[row.sha256].picture)
        row.deleted, row.created = None, now
        row.save()
    # In the order of their hashes: concurrent inserts of the same ones wait, and never deadlock.
    rows = [
        _fill(Image(id=new.id, workspace=workspace, created=new.created or now), new, actor)
        for new in (fresh[sha256] for sha256 in sorted(fresh.keys() - known.keys()))
    ]
    Image.objects.bulk_create(rows, ignore_conflicts=True)
    count_on(usage, count=usage.count - before[0], size=usage.size - before[1])
    return images_by_sha256(workspace, fresh.keys())


def _fill(row: Image, new: NewImage, actor: User | None) -> Image:
    picture = new.picture
    row.uploaded_by = actor
    row.file_name = new.file_name[-255:]
    row.sha256, row.stored_sha256 = picture.sha256, picture.stored_sha256
    row.extension = picture.extension
    row.width, row.height = picture.width, picture.height
    row.file_size = picture.file_size
    row.meta_data, row.test_image, row.real = new.meta_data, new.test_image, new.real
    return row


def add_image(
    *,
    workspace: Workspace,
    data: bytes,
    file_name: str = "",
    meta_data: dict[str, Any] | None = None,
    test_image: bool = False,
    real: bool = True,
    resize: bool = True,
    actor: User,
) -> Image:
    """Add one image from its uploaded bytes.

    Raises `FileRefused` if it is not a readable image, `QuotaReached`, and `ImageExists` with the
    image if the workspace has these bytes, even if a concurrent upload of them was faster.
    """
    # Before the decoding, which is the expensive part.
    room.refuse_if_low()
    picture = pictures.prepare(data, resize=resize)
    known = images_by_sha256(workspace, [picture.sha256]).get(picture.sha256)
    if known is not None and known.deleted is None:
        raise ImageExists(known)
    new_id = known.id if known is not None else uuid.uuid4()
    if known is None:
        write_files(workspace, new_id, picture)
    new = NewImage(new_id, picture, file_name, meta_data or {}, test_image, real)
    with transaction.atomic():
        if known is not None:
            _refuse_returned(known)
        inserted = insert_images(workspace=workspace, images=[new], actor=actor)
        image = inserted.get(picture.sha256)
        if image is not None and image.id == new_id:
            record(
                workspace=workspace,
                verb=Verb.ADDED,
                noun="image",
                target_id=image.id,
                target_name=file_name,
                actor=actor,
            )
            return image
    if known is None:
        delete_files(Image(id=new_id, workspace=workspace, extension=picture.extension))
    raise images_refusal() if image is None else ImageExists(image)


def _refuse_returned(known: Image) -> None:
    """Lock a deleted image. Raises `ImageExists` if it was restored meanwhile."""
    for row in lock_all(Image.objects.filter(pk=known.pk)):
        if row.deleted is None:
            raise ImageExists(row)


@transaction.atomic
def change_image(*, image: Image, changes: dict[str, Any], actor: User) -> Image:
    """Set any of `file_name`, `meta_data`, `test_image` and `real`; metadata is replaced whole."""
    allowed = {"file_name", "meta_data", "test_image", "real"}
    before, was = image.file_name, values_of(image, allowed & changes.keys())
    for name in allowed & changes.keys():
        setattr(image, name, changes[name])
    image.save(update_fields=[*(allowed & changes.keys()), "modified"])
    record(
        workspace=image.workspace,
        verb=Verb.CHANGED,
        noun="image",
        target_id=image.id,
        target_name=image.file_name,
        details={"fields": sorted(was), "before": before},
        before=was,
        after=values_of(image, was),
        actor=actor,
    )
    return image


@transaction.atomic
def mark_images(
    *, workspace: Workspace, ids: Iterable[UUID], marks: dict[str, bool], actor: User
) -> int:
    """Set `test_image`, `real` or both of images; return how many.

    Raises `UnknownIds` and `TooManyIds`; then nothing is changed.
    """
    images = lock_rows(images_in(workspace).only("id", *marks), ids, "image")
    changed = {
        name: [image.pk for image in images if getattr(image, name) != value]
        for name, value in marks.items()
    }
    rows = Image.objects.filter(pk__in=[image.pk for image in images])
    rows.update(**marks, modified=timezone.now())
    if images:
        record(
            workspace=workspace,
            verb=Verb.CHANGED,
            noun="image",
            count=len(images),
            details={"fields": sorted(marks)},
            before=marks_before(marks, changed),
            after=dict(marks),
            members=touched(changed),
            actor=actor,
        )
    return len(images)


@transaction.atomic
def delete_images(*, workspace: Workspace, ids: Iterable[UUID], actor: User) -> int:
    """Delete images, which removes them from all groups and lists; return how many.

    Their regions and verifications are deleted for good, their files after the commit. Raises
    `UnknownIds` and `TooManyIds`; then nothing is changed.
    """
    hold_images(workspace.pk)
    images = lock_rows(images_in(workspace), ids, "image")
    lost = discard_images(images)
    for start in range(0, len(images), FILES_PER_BATCH):
        ids_of_batch = [image.pk for image in images[start : start + FILES_PER_BATCH]]
        # After the commit, and each checked again: the same bytes may have been uploaded again.
        transaction.on_commit(partial(delete_files_of, ids_of_batch))
    record(
        workspace=workspace,
        verb=Verb.DELETED,
        noun="image",
        count=len(images),
        before=with_lost({}, lost),
        members=[image.pk for image in images],
        actor=actor,
    )
    return len(images)


def discard_images(images: Sequence[Image]) -> Lost:
    """Delete images as part of a larger change, which records it and then deletes their files.

    Return what goes with them.

    Call it in a transaction that has locked first the storage use, then the images, all of one
    workspace.
    """
    if not images:
        return Lost()
    usage = hold_images(images[0].workspace_id)
    count_on(usage, count=-len(images), size=-sum(image.file_size for image in images))
    # Regions after images and before groups, see `row_locks`.
    regions = lock_all(Region.objects.filter(image__in=images))
    lost = lost_regions(regions, leave_all_groups(images=images, regions=regions))
    Region.objects.filter(pk__in=[region.pk for region in regions]).delete()
    verified = Verification.objects.filter(image__in=images)
    given = verified.filter(user__isnull=False).values_list("user", "image")
    lost.link("verified", given.order_by()[: MOST + 1])
    verified.delete()
    rows = Image.objects.filter(pk__in=[image.pk for image in images])
    # The row stays, so that an upload of the same bytes restores the image under its id.
    rows.update(deleted=timezone.now(), verify_count=0)
    return lost


@transaction.atomic
def delete_files_of(ids: Iterable[UUID]) -> None:
    """Delete the files of images, unless they were restored meanwhile."""
    for image in lock_all(Image.objects.filter(pk__in=ids, deleted__isnull=False)):
        delete_files(image)
