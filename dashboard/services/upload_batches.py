"""Work the waiting files of an upload off in batches: decode the next while one is written."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self, cast

from django.conf import settings
from django.db import transaction

from dashboard.files import archives
from dashboard.files import images as pictures
from dashboard.files.errors import FileRefused, ImageTooLarge
from dashboard.models import Group, Image, SimilarityType, Upload, UploadFile, UploadPart
from dashboard.queries.images import images_by_sha256, images_in
from dashboard.queries.receiving import open_part
from dashboard.services.groups import find_or_create_groups, hold_to_place, place_images
from dashboard.services.holding import hold_pks
from dashboard.services.images import NewImage, delete_files, insert_images, write_files

FILES_PER_BATCH = 50
BYTES_PER_BATCH = 64 << 20

Status = UploadFile.Status


@dataclass
class _Item:
    """A file on its way in. `sha256` is empty if it could not be read, `work` if it is known."""

    row: UploadFile
    sha256: str = ""
    data: bytes = b""
    work: Future[NewImage] | None = None

    def fail(self, refusal: FileRefused) -> None:
        """Give up this file with its reason; the others go on."""
        self.row.status, self.row.reason = Status.FAILED, refusal.reason


class PartReader(ExitStack):
    """Reads files of an upload's parts; the archive at hand stays open from batch to batch."""

    _part: UploadPart | None = None
    _archive: archives.ZipArchive
    _members: dict[int, archives.Member]

    def read(self, row: UploadFile) -> bytes:
        """Return a file's bytes. Raises `FileRefused` with the reason."""
        part = row.part
        if part.is_archive:
            if self._part != part:
                self._open(part)
            return self._archive.read(self._members[row.number])
        if part.size > settings.LIKEWISE_MAX_IMAGE:
            raise ImageTooLarge(settings.LIKEWISE_MAX_IMAGE, part.size)
        with open_part(part) as file:
            return file.read()

    def _open(self, part: UploadPart) -> None:
        self.close()
        file = self.enter_context(open_part(part))
        self._archive = self.enter_context(archives.ZipArchive(file))
        self._members = {member.index: member for member in self._archive.members()}
        self._part = part


class Importer:
    """Brings the waiting files of one upload in; belongs to the one thread that runs the job.

    `fence` is called at the end of each batch's transaction: it tells how far the work is, and
    raises if the job is no longer ours, which takes the batch back.
    """

    def __init__(self, upload: Upload, pool: Executor, fence: Callable[[], None]) -> None:
        self.upload = upload
        self._fence = fence
        self._pool = pool
        self._last = 0
        self._reader = PartReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def batches(self) -> Iterator[int]:
        """Go once through the waiting files; yield the size of each batch once it is committed.

        While one batch is written to the database, the pictures of the next are decoded.
        """
        self._last = 0
        current = self._begin()
        while current:
            following = self._begin()
            self._commit(current)
            yield len(current)
            current = following

    def _begin(self) -> list[_Item]:
        """Read the next files and start the work on those that the workspace lacks."""
        items = self._read()
        known = images_by_sha256(self.upload.workspace, {item.sha256 for item in items})
        begun: set[str] = set()
        for item in items:
            there = known.get(item.sha256)
            is_present = there is not None and there.deleted is None
            if item.sha256 and not is_present and item.sha256 not in begun:
                begun.add(item.sha256)
                item.work = self._pool.submit(self._prepare, item.row, item.data, there)
            item.data = b""
        return items

    def _read(self) -> list[_Item]:
        rows = self.upload.files.filter(status=Status.WAITING, pk__gt=self._last)
        items: list[_Item] = []
        size = 0
        for row in rows.select_related("part__similarity_type").order_by("pk")[:FILES_PER_BATCH]:
            if size >= BYTES_PER_BATCH:
                break
            items.append(self._item(row))
            size += len(items[-1].data)
            self._last = row.pk
        return items

    def _item(self, row: UploadFile) -> _Item:
        item = _Item(row)
        if row.part.known:
            item.sha256 = row.part.sha256
            return item
        try:
            item.data = self._reader.read(row)
            item.sha256 = pictures.sha256(item.data)
        except FileRefused as refusal:
            item.fail(refusal)
        return item

    def _prepare(self, row: UploadFile, data: bytes, deleted: Image | None) -> NewImage:
        """Decode a picture and write its files under the id that it will have."""
        picture = pictures.prepare(data)
        new_id = deleted.id if deleted is not None else row.image_id_if_new
        write_files(self.upload.workspace, new_id, picture)
        return NewImage(new_id, picture, file_name=row.name.rsplit("/", 1)[-1])

    def _commit(self, items: list[_Item]) -> None:
        """Write a batch: images, groups, memberships and what became of each file, or nothing."""
        prepared = [new for item in items if (new := self._result(item)) is not None]
        with transaction.atomic():
            self._hold_types(items)
            images = insert_images(
                workspace=self.upload.workspace, images=prepared, actor=self.upload.created_by
            )
            self._settle(items, prepared, images)
            self._place([item for item in items if item.row.image is not None])
            UploadFile.objects.bulk_update(
                [item.row for item in items], ["status", "reason", "image", "group"]
            )
            self._fence()
        for new in prepared:
            # Another upload of the same bytes was faster: its files stay, these are nobody's.
            if images[new.picture.sha256].id != new.id:
                delete_files(
                    Image(
                        id=new.id,
                        workspace=self.upload.workspace,
                        extension=new.picture.extension,
                    )
                )

    @staticmethod
    def _result(item: _Item) -> NewImage | None:
        try:
            return item.work.result() if item.work is not None else None
        except FileRefused as refusal:
            item.fail(refusal)
            return None

    def _settle(
        self, items: list[_Item], prepared: list[NewImage], images: dict[str, Image]
    ) -> None:
        """Say of each file whether its image is new or was known.

        A file whose twin in this batch failed fails with it; one whose image was deleted since
        the batch began stays waiting, and the next pass brings it in.
        """
        twins = {item.sha256 for item in items} - images.keys()
        present = images_in(self.upload.workspace).filter(sha256__in=twins)
        known = {image.sha256: image for image in present} | images
        new_ids = {new.id for new in prepared}
        reasons = {item.sha256: item.row.reason for item in items if item.row.reason}
        for item in items:
            image = known.get(item.sha256)
            if image is not None:
                is_new = item.work is not None and image.id in new_ids
                item.row.image = image
                item.row.status = Status.ADDED if is_new else Status.KNOWN
            elif item.sha256 and item.sha256 in reasons:
                item.row.status, item.row.reason = Status.FAILED, reasons[item.sha256]

    def _hold_types(self, items: list[_Item]) -> None:
        """Hold the types whose groups get something: they come before images and groups."""
        types = {kind.pk for item in items if (kind := self._type_of(item)) is not None}
        hold_pks(SimilarityType.objects.filter(pk__in=types))

    def _type_of(self, item: _Item) -> SimilarityType | None:
        """Return the type whose group of the folder's name a file belongs in."""
        similarity_type = item.row.part.similarity_type or self.upload.similarity_type
        return similarity_type if item.row.group_name else None

    def _place(self, items: list[_Item]) -> None:
        """Put the images of folders into the groups of the same name, type by type."""
        by_type: defaultdict[SimilarityType, list[_Item]] = defaultdict(list)
        for item in items:
            if (similarity_type := self._type_of(item)) is not None:
                by_type[similarity_type].append(item)
        placing = [item for of_type in by_type.values() for item in of_type]
        for similarity_type, of_type in by_type.items():
            self._find_groups(similarity_type, of_type)
        hold_to_place(
            image_ids=[item.row.image_id for item in placing if item.row.image_id],
            group_ids=[item.row.group_id for item in placing if item.row.group_id],
        )
        for of_type in by_type.values():
            self._place_in_groups(of_type)

    def _find_groups(self, similarity_type: SimilarityType, items: list[_Item]) -> None:
        groups = find_or_create_groups(
            similarity_type=similarity_type,
            names={item.row.group_name for item in items},
            actor=self.upload.created_by,
        )
        for item in items:
            item.row.group = groups[item.row.group_name]

    @staticmethod
    def _place_in_groups(items: list[_Item]) -> None:
        pairs = [(cast("Group", item.row.group), cast("Image", item.row.image)) for item in items]
        placed = place_images(pairs)
        for item in items:
            if item.row.image_id in placed.elsewhere:
                there = placed.elsewhere[item.row.image_id]
                item.row.reason = f"It stays in the group “{there}”: the type allows one."
