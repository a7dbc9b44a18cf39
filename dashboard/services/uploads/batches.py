"""Import the waiting files of an upload in batches: one is decoded while another is written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from typing import Self

from django.db import transaction
from django.db.models import QuerySet

from dashboard.files.errors import FileRefused
from dashboard.files.images import images as pictures
from dashboard.files.store import room
from dashboard.models import Group, Image, SimilarityType, Upload, UploadFile, UploadGroup
from dashboard.models.bulk import update_rows
from dashboard.queries.library.images import images_by_sha256, images_in
from dashboard.services.library.groups import find_or_make_groups, hold_to_place, place_images
from dashboard.services.library.images import (
    NewImage,
    delete_files,
    delete_files_of,
    insert_images,
    remove_unused,
    write_files,
)
from dashboard.services.row_locks import lock_pks
from dashboard.services.uploads.reader import PartReader
from dashboard.services.workspaces.usage import images_refusal, is_full

# Bounds a transaction and, with the bytes, what two batches hold in memory at a time.
FILES_PER_BATCH = 100
BYTES_PER_BATCH = 64 << 20
WRITTEN = ["status", "reason", "image", "group", "placed", "sha256"]

__all__ = ["Importer", "PartReader", "remove_unborn"]

Status = UploadFile.Status


@dataclass
class _Item:
    """A file of a batch. `sha256` is empty if it is unreadable, `work` is None if it is known."""

    row: UploadFile
    sha256: str = ""
    data: bytes | None = None
    work: Future[NewImage] | None = None

    def fail(self, reason: str) -> None:
        """Fail this file with its reason; the others continue."""
        self.row.status, self.row.reason = Status.FAILED, reason

    def take(self, data: bytes | FileRefused) -> int:
        """Store what was read of the file and return its size in bytes."""
        if isinstance(data, FileRefused):
            self.fail(data.reason)
            return 0
        self.data, self.sha256 = data, pictures.sha256(data)
        return len(data)


class Importer:
    """Imports the waiting files of one upload, in the thread that runs the job.

    `types` are those that rows name. `fence` is called at the end of each batch's transaction with
    the number of files for each outcome: it reports progress, and raises if the job lost its lease,
    which rolls the batch back.
    """

    def __init__(
        self,
        upload: Upload,
        pool: Executor,
        fence: Callable[[Counter[str]], None],
        types: Mapping[str, SimilarityType],
    ) -> None:
        self.upload = upload
        self._types = types
        self._fence = fence
        self._pool = pool
        self._last = 0
        self._hashes: set[str] = set()
        self._reader = PartReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def batches(self) -> Iterator[int]:
        """Import all waiting files once; yield the size of each batch once it is committed.

        While one batch is written to the database, the images of the next are decoded.
        """
        self._last, self._hashes = 0, set()
        current = self._begin()
        while current:
            # Started before the current batch is written: the pool decodes while the database
            # works.
            following = self._begin()
            self._commit(current)
            yield len(current)
            current = following

    def _begin(self) -> list[_Item]:
        """Read the next files and start to decode those that the workspace lacks."""
        room.refuse_if_low()
        items = self._read()
        # Read without a lock, to avoid decoding: `insert_images` decides under one.
        known = images_by_sha256(self.upload.workspace, {item.sha256 for item in items})
        # An image that the previous batch imports is not decoded again; if that fails, the next
        # pass finds the file waiting.
        begun, full = set(self._hashes), is_full(self.upload.workspace)
        for item in items:
            there = known.get(item.sha256)
            is_present = there is not None and there.deleted is None
            if item.data is not None and not is_present and item.sha256 not in begun:
                begun.add(item.sha256)
                if full:
                    item.fail(images_refusal().reason)  # it would be decoded in vain
                else:
                    item.work = self._pool.submit(self._prepare, item.row, item.data, there)
            # The pool has the bytes that it needs; those of known images must not stay in memory.
            item.data = None
        self._hashes = {item.sha256 for item in items if item.sha256}
        return items

    def _read(self) -> list[_Item]:
        """Return the next files with their bytes, but without those of images that are known."""
        rows = _due(self.upload).filter(pk__gt=self._last)
        rows = rows.select_related("part__similarity_type", "source__part")
        items = [_Item(row) for row in rows[:FILES_PER_BATCH]]
        self._recognise(items)
        to_read = [item for item in items if not item.sha256]
        unread = {item.row.pk for item in to_read}
        size = 0
        with closing(self._reader.read_many(item.row for item in to_read)) as contents:
            for item, data in zip(to_read, contents, strict=False):
                unread.discard(item.row.pk)
                size += item.take(data)
                if size >= BYTES_PER_BATCH:
                    break
        # Up to the first that was not read: the next batch continues after a single id.
        items = list(takewhile(lambda item: item.row.pk not in unread, items))
        self._last = items[-1].row.pk if items else self._last
        return items

    def _recognise(self, items: list[_Item]) -> None:
        """Set the hash of items whose content is known to be stored: their bytes are not read."""
        hashes = {item.row.pk: _hash_of(item.row) for item in items}
        wanted = set(hashes.values()) - {""}
        present = images_in(self.upload.workspace).filter(sha256__in=wanted)
        here = set(present.values_list("sha256", flat=True)) if wanted else set()
        here |= self._hashes
        for item in items:
            if hashes[item.row.pk] in here:
                item.sha256 = hashes[item.row.pk]

    def _prepare(self, row: UploadFile, data: bytes, deleted: Image | None) -> NewImage:
        """Decode an image and write its files under the id that it will have."""
        picture = pictures.prepare(data)
        new_id = deleted.id if deleted is not None else row.image_id_if_new
        write_files(self.upload.workspace, new_id, picture)
        told = row.source or row  # the row that combines all metadata of the file
        return NewImage(
            new_id,
            picture,
            file_name=row.name.rsplit("/", 1)[-1],
            meta_data=told.meta_data,
            test_image=told.test_image is True,
            real=told.real is not False,
        )

    def _commit(self, items: list[_Item]) -> None:
        """Write a batch in one transaction: images, groups, memberships and outcomes of files."""
        prepared = [new for item in items if (new := self._result(item)) is not None]
        with transaction.atomic():
            # Locks in the order of `row_locks`: types here, usage and images in `insert_images`,
            # groups last.
            self._hold_types(items)
            images = insert_images(
                workspace=self.upload.workspace, images=prepared, actor=self.upload.created_by
            )
            for item in items:
                if item.work is not None and not item.row.reason and item.sha256 not in images:
                    item.fail(images_refusal().reason)
            self._settle(items, prepared, images)
            self._place([item for item in items if item.row.image is not None])
            update_rows([item.row for item in items], WRITTEN)
            self._fence(Counter(item.row.status for item in items))
        # After the commit: if the batch is rolled back, the next attempt needs these files.
        remove_unused(self.upload.workspace, prepared, images)

    @staticmethod
    def _result(item: _Item) -> NewImage | None:
        try:
            return item.work.result() if item.work is not None else None
        except FileRefused as refusal:
            item.fail(refusal.reason)
            return None

    def _settle(
        self, items: list[_Item], prepared: list[NewImage], images: dict[str, Image]
    ) -> None:
        """Record for each file whether its image is new or was known.

        A file whose twin in this batch failed fails, too. One whose image was deleted since the
        batch began stays WAITING, and the next pass imports it.
        """
        twins = {item.sha256 for item in items} - images.keys()
        present = images_in(self.upload.workspace).filter(sha256__in=twins)
        known = {image.sha256: image for image in present} | images
        new_ids = {new.id for new in prepared}
        reasons = {item.sha256: item.row.reason for item in items if item.row.reason}
        for item in items:
            image = known.get(item.sha256)
            item.row.sha256 = item.sha256 or item.row.sha256
            if image is not None:
                is_new = item.work is not None and image.id in new_ids
                item.row.image = image
                item.row.status = Status.ADDED if is_new else Status.KNOWN
            elif item.sha256 and item.sha256 in reasons:
                item.row.status, item.row.reason = Status.FAILED, reasons[item.sha256]

    def _hold_types(self, items: list[_Item]) -> None:
        """Lock the types whose groups get new members: they come before images and groups."""
        types = {kind.pk for item in items if (kind := self._type_of(item.row)) is not None}
        lock_pks(SimilarityType.objects.filter(pk__in=types))

    def _type_of(self, row: UploadFile) -> SimilarityType | None:
        """Return the type of the group that a file is added to, or None."""
        if not row.group_name.strip():
            return None
        if row.type_name:
            return self._types[row.type_name]
        return row.part.similarity_type or self.upload.similarity_type

    def _place(self, items: list[_Item]) -> None:
        """Add the images to the groups that their rows name, type by type."""
        by_type: defaultdict[SimilarityType, list[_Item]] = defaultdict(list)
        for item in items:
            similarity_type = self._type_of(item.row)
            if similarity_type is not None:
                by_type[similarity_type].append(item)
        placing = [item.row for of_type in by_type.values() for item in of_type]
        for similarity_type, of_type in by_type.items():
            # For all types before any image is added: images come before groups in every
            # transaction.
            self._find_groups(similarity_type, of_type)
        hold_to_place(
            image_ids=[row.image_id for row in placing if row.image_id],
            group_ids=[row.group_id for row in placing if row.group_id],
        )
        for of_type in by_type.values():
            self._place_in_groups(of_type)

    def _find_groups(self, similarity_type: SimilarityType, items: list[_Item]) -> None:
        names = {item.row.group_name for item in items}
        groups, made = find_or_make_groups(similarity_type=similarity_type, names=names)
        UploadGroup.objects.bulk_create(UploadGroup(upload=self.upload, group=one) for one in made)
        for item in items:
            item.row.group = groups[item.row.group_name]

    @staticmethod
    def _place_in_groups(items: list[_Item]) -> None:
        pairs: list[tuple[Group, Image]] = []
        for item in items:
            if item.row.group is not None and item.row.image is not None:
                pairs.append((item.row.group, item.row.image))
        placed = place_images(pairs)
        for item in items:
            row = item.row
            there = placed.elsewhere.get(row.image_id) if row.image_id is not None else None
            if (row.group_id, row.image_id) in placed.pairs:
                # Of two rows with the same image and group, only one created the membership.
                placed.pairs.discard((row.group_id, row.image_id))
                row.placed = True
            elif there is not None and there.pk != row.group_id:
                row.reason = f"It stays in the group “{there}”: the type allows only one."


def _due(upload: Upload) -> QuerySet[UploadFile]:
    """Return the waiting files whose source, if any, is no longer waiting.

    The second row of a file comes after the first, which may have the higher id. By then its image
    is stored with all metadata, and an archive need not be read backwards.
    """
    rows = upload.files.filter(status=Status.WAITING).exclude(source__status=Status.WAITING)
    return rows.order_by("pk")


def _hash_of(row: UploadFile) -> str:
    """Return the hash of a file if it is known before its bytes are read, else an empty string."""
    return row.sha256 or (row.source.sha256 if row.source is not None else "")


def remove_unborn(upload: Upload) -> None:
    """Delete the files of images that got no row, after the job ended early.

    Files are imported in the order of their ids, and at most two batches are in progress.
    """
    waiting = _due(upload)
    # No others can have files: one batch was being written and the next one decoded.
    rows = list(waiting.values_list("image_id_if_new", "sha256")[: 2 * FILES_PER_BATCH])
    born = Image.objects.filter(pk__in=[new_id for new_id, _ in rows])
    there = set(born.values_list("pk", flat=True))
    for new_id, _ in rows:
        if new_id not in there:
            for extension in Image.Extension:
                delete_files(Image(id=new_id, workspace=upload.workspace, extension=extension))
    hashes = [sha256 for _, sha256 in rows if sha256]
    gone = Image.objects.in_workspace(upload.workspace).filter(sha256__in=hashes)
    delete_files_of(gone.filter(deleted__isnull=False).values_list("pk", flat=True))
