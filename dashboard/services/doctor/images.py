"""Check images and their thumbnails: files without a row, and rows without a file."""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from dashboard.files.errors import FileRefused
from dashboard.files.images import images as pictures
from dashboard.files.store import paths, storage
from dashboard.files.store.entries import Entry
from dashboard.models import Image
from dashboard.queries.doctor.doctor import in_pages, side_by_side
from dashboard.services.doctor.round import Finding, Round
from dashboard.services.row_locks import lock_all

LOST = (
    "Its file is missing or empty. Restore it from a backup; or delete the image and upload the "
    "file again: it comes back under the same id."
)


def images(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Compare stored images with the rows of a workspace. A lost image cannot be fixed here."""
    for entry, row in _unmatched(workspace_id, entries, _path):
        found = _orphan(round_, "image", workspace_id, entry) if entry else _lost(round_, row)
        if found is not None:
            yield found


def thumbnails(round_: Round, workspace_id: UUID, entries: Iterator[Entry]) -> Iterator[Finding]:
    """Compare stored thumbnails with the rows of a workspace; missing ones are made again."""
    for entry, row in _unmatched(workspace_id, entries, _thumbnail_path):
        found = (
            _orphan(round_, "thumbnail", workspace_id, entry) if entry else _make_anew(round_, row)
        )
        if found is not None:
            yield found


def _unmatched(
    workspace_id: UUID, entries: Iterator[Entry], path: Callable[[Any], str]
) -> Iterator[tuple[Entry | None, Any]]:
    """Yield each file without a row, and each row whose file is missing or empty."""
    rows = ((path(row), row) for row in in_pages(_rows(workspace_id)))
    for entry, row in side_by_side(entries, rows):
        if row is None:
            yield entry, None
        # A full disk or a power failure may leave an empty file.
        elif entry is None or not entry.size:
            yield None, row


def _rows(workspace_id: UUID) -> QuerySet[Any]:
    fields = ("id", "workspace_id", "extension", "created", "file_name")
    return Image.objects.filter(workspace=workspace_id).present().only(*fields)


def _path(image: Image) -> str:
    return paths.image(image.workspace_id, image.id, image.extension)


def _thumbnail_path(image: Image) -> str:
    return paths.thumbnail(image.workspace_id, image.id)


def _orphan(round_: Round, noun: str, workspace_id: UUID, entry: Entry) -> Finding | None:
    """Check a file that no present image owns.

    It is deleted while the row is locked. A deleted image that is restored gets its files back
    under the same names, written under the same lock.
    """

    def is_wanted() -> bool:
        return any(_wants(row, entry) for row in _named(entry))

    @transaction.atomic
    def remove() -> bool:
        if any(_wants(row, entry) for row in lock_all(_named(entry))):
            return False
        storage.delete(entry.name)
        return True

    return round_.orphan(noun, workspace_id, entry, is_wanted, remove)


def _named(entry: Entry) -> QuerySet[Image]:
    try:
        # By the id in the name and in any state: `remove` locks the row of a deleted image, too.
        return Image.objects.filter(pk=UUID(PurePosixPath(entry.name).stem))
    except ValueError:
        return Image.objects.none()


def _wants(row: Image, entry: Entry) -> bool:
    return row.deleted is None and entry.name in (_path(row), _thumbnail_path(row))


def _lost(round_: Round, row: Image) -> Finding | None:
    # Row and file are read again: the listing and the rows are of different moments.
    if not _must_be_there(round_, row) or _is_there(_path(row)):
        return None
    return Finding("image", f"{row.id} {row.file_name}".strip(), LOST)


def _make_anew(round_: Round, row: Image) -> Finding | None:
    if not _must_be_there(round_, row) or _is_there(_thumbnail_path(row)):
        return None
    name = f"{row.id} {row.file_name}".strip()
    if not round_.mend:
        return Finding("thumbnail", name, "It is missing or empty. It can be made from the image.")
    try:
        small = pictures.thumbnail(storage.read(_path(row)))
    except (FileNotFoundError, FileRefused):
        return Finding(
            "thumbnail", name, "It is missing, and so is the image that it was made from."
        )
    storage.write(_thumbnail_path(row), small)
    return Finding("thumbnail", name, "It was missing. It was made again.", mended=True)


def _must_be_there(round_: Round, row: Image) -> bool:
    return Image.objects.present().filter(pk=row.pk, created__lt=round_.before).exists()


def _is_there(name: str) -> bool:
    try:
        return storage.size(name) > 0
    except FileNotFoundError:
        return False
