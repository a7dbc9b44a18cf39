"""Import the images of an asynchronous request: each content once, each in its group."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Workspace
from dashboard.files.errors import FileRefused
from dashboard.files.fetch.fetch import last_segment
from dashboard.files.images import images as pictures
from dashboard.models import AsyncRecord, AsyncRequest, Group, Image
from dashboard.queries.library.images import images_by_sha256
from dashboard.services.jobs import jobs
from dashboard.services.library.groups import hold_to_place, place_images
from dashboard.services.library.images import NewImage, insert_images, remove_unused, write_files
from dashboard.services.requests.async_records import fail, request_to_do, work_off
from dashboard.services.training.describing import start_describing
from dashboard.services.training.descriptors import Source, contents_of
from dashboard.services.workspaces.usage import images_refusal, is_full

Status = AsyncRecord.Status
GROUP_GONE = "The group was deleted in the meantime: the image is in no group."
GROUP_HOLDS_GROUPS = "The group now contains groups: the image is in no group."


def run_uploads(*, request_id: UUID, handle: jobs.Handle) -> str:
    """Import every waiting image; return a sentence about the outcome."""
    request = request_to_do(request_id)
    with ThreadPoolExecutor(settings.LIKEWISE_WORKERS, "uploads") as pool:
        outcome = work_off(request, handle, partial(_look, request, pool))
    start_describing(workspace=request.workspace, actor=request.created_by)
    return outcome


@dataclass
class _Batch:
    """The records of a batch by the hash of their images, and the new images."""

    rows: defaultdict[str, list[AsyncRecord]] = field(default_factory=lambda: defaultdict(list))
    known: dict[str, Image] = field(default_factory=dict)
    new: list[NewImage] = field(default_factory=list)


def _look(
    request: AsyncRequest, pool: Executor, rows: list[AsyncRecord], sources: list[Source]
) -> Callable[[], None]:
    """Fetch and decode a batch, and write the files of images that the workspace lacks."""
    batch, data_of = _Batch(), {}
    for row, data in zip(rows, contents_of(sources), strict=True):
        if isinstance(data, FileRefused):
            fail(row, data)
            continue
        digest = pictures.sha256(data)
        batch.rows[digest].append(row)
        data_of[digest] = data
    # Without a lock, only to avoid decoding; `insert_images` checks again under one.
    batch.known = images_by_sha256(request.workspace, data_of.keys())
    if is_full(request.workspace):
        _fail_new(batch)
    work = {
        # Once for each content: two records with equal bytes become one image.
        digest: pool.submit(_prepare, request.workspace, found[0], data_of[digest], there)
        for digest, found in batch.rows.items()
        if (there := batch.known.get(digest)) is None or there.deleted is not None
    }
    _gather(batch, work)
    return partial(_bring_in, request, batch)


def _fail_new(batch: _Batch) -> None:
    """Fail the images that the workspace lacks before they are decoded in vain."""
    here = {digest for digest, image in batch.known.items() if image.deleted is None}
    for digest in batch.rows.keys() - here:
        for row in batch.rows.pop(digest):
            fail(row, images_refusal())


def _prepare(
    workspace: Workspace, row: AsyncRecord, data: bytes, deleted: Image | None
) -> NewImage:
    """Decode an image and write its files under the id that it will have."""
    picture = pictures.prepare(data)
    new_id = deleted.id if deleted is not None else row.image_id_if_new
    # Before the row, which must never refer to missing files. `image_id_if_new` is chosen when the
    # record is created, so another attempt overwrites these files.
    write_files(workspace, new_id, picture)
    return NewImage(new_id, picture, last_segment(row.url), row.meta_data, row.test_image)


def _gather(batch: _Batch, work: dict[str, Future[NewImage]]) -> None:
    """Wait for the images; an unreadable one fails all records with its content."""
    for digest, future in work.items():
        try:
            batch.new.append(future.result())
        except FileRefused as refusal:
            for row in batch.rows.pop(digest):
                fail(row, refusal)


def _bring_in(request: AsyncRequest, batch: _Batch) -> None:
    """Write images, memberships and the outcome of each record, in the batch's transaction.

    A record whose image was deleted since the batch began stays WAITING and is processed again.
    """
    new_ids = {new.id for new in batch.new}
    inserted = insert_images(
        workspace=request.workspace, images=batch.new, actor=request.created_by
    )
    for digest in {new.picture.sha256 for new in batch.new} - inserted.keys():
        for row in batch.rows.pop(digest):
            fail(row, images_refusal())
    # Read again: since `_look`, images may have been added, deleted or restored.
    images = images_by_sha256(request.workspace, batch.rows.keys())
    for digest, rows in batch.rows.items():
        image = images.get(digest)
        if image is None or image.deleted is not None:
            continue
        for row in rows:
            row.image, row.status = image, Status.KNOWN
        if image.id in new_ids:
            rows[0].status = Status.DONE
    _place([row for rows in batch.rows.values() for row in rows if row.image is not None], request)
    unused = partial(remove_unused, request.workspace, batch.new, inserted)
    # Only after the commit is it certain which files no row refers to.
    transaction.on_commit(unused)


def _place(rows: list[AsyncRecord], request: AsyncRequest) -> None:
    """Add images to the groups that their records name, type by type."""
    wanted = [(row, row.group_id) for row in rows if row.group_id is not None]
    groups = _held_groups(request.workspace, wanted)
    by_type: defaultdict[UUID, list[tuple[AsyncRecord, Group]]] = defaultdict(list)
    for row, group_id in wanted:
        group = groups.get(group_id)
        if group is None:
            row.reason = GROUP_GONE
        elif group.groups_count:
            row.reason = GROUP_HOLDS_GROUPS
        else:
            by_type[group.similarity_type_id].append((row, group))
    # By id, as rows are locked everywhere: see `row_locks`.
    for type_id in sorted(by_type):
        _place_in_type(by_type[type_id])


def _held_groups(workspace: Workspace, wanted: list[tuple[AsyncRecord, UUID]]) -> dict[UUID, Group]:
    """Lock the records' images, and then their groups; return the groups by id."""
    image_ids = {row.image_id for row, _ in wanted if row.image_id is not None}
    group_ids = {group_id for _, group_id in wanted}
    # Locked and only then read: this shows groups that were deleted or got subgroups.
    hold_to_place(image_ids=image_ids, group_ids=group_ids)
    rows = Group.objects.in_workspace(workspace).filter(pk__in=group_ids)
    return {group.id: group for group in rows}


def _place_in_type(pairs: list[tuple[AsyncRecord, Group]]) -> None:
    placed = place_images([(group, row.image) for row, group in pairs if row.image is not None])
    for row, group in pairs:
        there = placed.elsewhere.get(row.image.id) if row.image is not None else None
        if there is not None and there.id != group.id:
            row.reason = f"It stays in the group “{there}”: the type allows only one."
