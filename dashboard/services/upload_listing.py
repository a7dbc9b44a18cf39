"""Find out which files an upload holds: a row for each, whichever way it came.

All of it may be done again after a kill: a part is listed once, and a row is there once.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Length, Substr

from dashboard.files import archives, kinds, manifests
from dashboard.files.code_pages import Guess
from dashboard.files.errors import FileRefused
from dashboard.files.members import is_junk, refusal_of_path
from dashboard.files.names import composed_name
from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.queries.receiving import open_part
from dashboard.services import jobs
from dashboard.services.upload_matching import match_manifests
from dashboard.services.upload_tables import WHOLE_PART, InnerTables, told_row

LISTED_AT_ONCE = 200
LONG_PATH = "The names of its folders are longer than 255 characters together. Shorten them."
# What nobody looks into: their names say enough.
_PICTURES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".heic", ".heif"),
    *(".avif", ".svg"),
)

Kind = UploadPart.Kind
T = TypeVar("T")
# Notes in a row what shows in its file's bytes, or why there are none.
Look = Callable[[UploadFile, bytes | FileRefused], None]


def list_parts(*, upload: Upload, handle: jobs.Handle, look: Look | None = None) -> None:
    """Write a row for every file of the parts that have none yet.

    Archives are listed, manifests and lists of addresses read. What cannot be taken has a row with
    the reason. Pictures come first, so that a manifest finds what it tells of. `look` is given the
    files of archives that would have to be unpacked once more to see them later.
    """
    waiting = upload.parts.filter(listed=False)
    for part in waiting.order_by("number").iterator(chunk_size=LISTED_AT_ONCE):
        _judge_kind(part)
    _list_pictures(upload, handle)
    for part in waiting.filter(kind=Kind.ARCHIVE).order_by("number"):
        _list_archive(part, handle, look)
    for part in waiting.order_by("number"):
        _list_table(part, handle)
    match_manifests(upload=upload, handle=handle)


def _judge_kind(part: UploadPart) -> None:
    """Look at the first bytes of what its name does not tell."""
    is_picture = part.name.lower().endswith(_PICTURES)
    if (is_picture and part.kind == Kind.PICTURE) or part.known:
        return
    try:
        with open_part(part) as file:
            kind = kinds.kind_of(part.name, file.read(kinds.HEAD))
    except FileNotFoundError:
        return
    if kind != part.kind:
        UploadPart.objects.filter(pk=part.pk).update(kind=kind)


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, LISTED_AT_ONCE)):
        yield batch


def _list_pictures(upload: Upload, handle: jobs.Handle) -> None:
    """Write the rows of pictures that came one by one; their folders are those of their paths."""
    pictures = upload.parts.filter(kind=Kind.PICTURE)
    wrapper = archives.Wrapper()
    for name in pictures.values_list("name", flat=True).iterator(chunk_size=2000):
        wrapper.see(_parts_of(name))
    waiting, last = pictures.filter(listed=False).order_by("number"), -1
    while parts := list(waiting.filter(number__gt=last)[:LISTED_AT_ONCE]):
        last = parts[-1].number
        rows = [_picture(part, wrapper.folder) for part in parts]
        with transaction.atomic():
            _write(row for row in rows if row is not None)
            UploadPart.objects.filter(pk__in=[part.pk for part in parts]).update(listed=True)
            handle.report(stage="Listing the files")
        handle.check()


def _parts_of(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/") if part not in ("", ".")) or (name,)


def _picture(part: UploadPart, wrapper: str | None) -> UploadFile | None:
    name = composed_name(part.name)
    parts = _parts_of(name)
    if is_junk(parts):
        return None
    row = _row(part, 0, parts, archives.group_name(parts, wrapper))
    if refusal := refusal_of_path(name, parts):
        row.refuse("path", refusal)
    row.size = part.size
    if part.known:
        row.sha256 = part.sha256
    return row


def _row(part: UploadPart, number: int, parts: tuple[str, ...], group: str | None) -> UploadFile:
    row = UploadFile(upload_id=part.upload_id, part=part, number=number)
    row.name = "/".join(parts)[-1024:]
    if group is not None and len(group) > manifests.MAX_NAME:
        row.refuse("group", LONG_PATH)
    else:
        row.group_name = group or ""
    return row


def _write(rows: Iterable[UploadFile]) -> None:
    UploadFile.objects.bulk_create(rows, ignore_conflicts=True, batch_size=LISTED_AT_ONCE)


def _list_archive(part: UploadPart, handle: jobs.Handle, look: Look | None) -> None:
    """Write a row for every file of an archive, and those of manifests in it, in one pass."""
    stage, listed = _reading(part), 0
    inside = _Inside(part, handle, look)
    handle.report(stage=stage)
    for rows in _batches(_to_the_end(part, inside.rows())):
        with transaction.atomic():
            _write(rows)
            listed += len(rows)
            handle.report(stage=f"{stage}: {listed:,} files{inside.passed_over}")
        handle.check()
    if inside.guess is not None:
        part.code_page, part.code_page_sure = inside.guess.code_page, inside.guess.is_sure
        part.save(update_fields=["code_page", "code_page_sure"])
    _end(part, inside.wrapper.folder, handle)


def _reading(part: UploadPart) -> str:
    return f"Reading {part.name[-50:]}"  # a stage has room for 100 characters


class _Inside:
    """Goes through the entries of an archive once; what is no file is counted and has no row."""

    def __init__(self, part: UploadPart, handle: jobs.Handle, look: Look | None) -> None:
        self._part, self._handle, self._look = part, handle, look
        self.wrapper = archives.Wrapper()
        self.guess: Guess | None = None
        self._others = 0

    @property
    def passed_over(self) -> str:
        """Say how many entries were no files: folders, and what systems add."""
        return f", {self._others:,} other entries" if self._others else ""

    def rows(self) -> Iterator[UploadFile]:
        """Yield a row for every file, and those of the manifests."""
        page = self._part.code_page
        with (
            open_part(self._part) as file,
            archives.open_archive(file, code_page=page) as archive,
        ):
            tables = InnerTables(self._part, archive)
            for member in archive.entries():
                if member is None:
                    self._pass_over()
                elif member.refusal is None and kinds.is_table(member.name):
                    yield from tables.rows(member)
                else:
                    yield self._row(archive, member)
                self.guess = archive.guess

    def _pass_over(self) -> None:
        self._others += 1
        # No row is written for it: an archive of nothing else must still heed a cancel.
        self._handle.tick(stage=f"{_reading(self._part)}{self.passed_over}")

    def _row(self, archive: archives.Archive, member: archives.Member) -> UploadFile:
        row = _member(self._part, member, self.wrapper)
        unpacks = archive.unpacks_on_the_way and member.refusal is None
        if self._look is not None and unpacks:
            self._look(row, _content(archive, member))
        return row


def _content(archive: archives.Archive, member: archives.Member) -> bytes | FileRefused:
    try:
        return archive.read(member)
    except FileRefused as refusal:
        return refusal


def _to_the_end(part: UploadPart, rows: Iterator[UploadFile]) -> Iterator[UploadFile]:
    """Yield the rows, and one more that says why the others cannot be read."""
    try:
        yield from rows
    except FileRefused as refusal:
        row = UploadFile(upload_id=part.upload_id, part=part, number=WHOLE_PART, name=part.name)
        row.refuse("picture", refusal.reason)
        yield row


def _member(part: UploadPart, member: archives.Member, wrapper: archives.Wrapper) -> UploadFile:
    wrapper.see(member.parts)
    group = archives.group_name(member.parts, None)
    row = _row(part, member.index, member.parts, group)
    if member.refusal is not None:
        row.refuse("picture", member.refusal)
    row.size = max(0, member.size)
    return row


def _end(part: UploadPart, wrapper: str | None, handle: jobs.Handle) -> None:
    """Take the wrapper off the groups' names: that there is one shows at the archive's end."""
    if wrapper is not None:
        rows = UploadFile.objects.filter(part=part, number__lt=UploadFile.FIRST_TOLD)
        rows = rows.filter(Q(group_name=wrapper) | Q(group_name__startswith=f"{wrapper}/"))
        # When an archive is listed once more, rows of the first time have lost it already: their
        # group is no longer all that stands before the file's own name.
        rows = rows.filter(described=False).alias(rest=Substr("name", Length("group_name") + 2))
        _take_off(rows.exclude(rest__contains="/").order_by("number"), wrapper, handle)
    UploadPart.objects.filter(pk=part.pk).update(listed=True)


def _take_off(rows: QuerySet[UploadFile], wrapper: str, handle: jobs.Handle) -> None:
    """Shorten the groups' names, batch by batch: SQLite lets nobody else write meanwhile."""
    last = -1
    while found := list(rows.filter(number__gt=last).values_list("pk", "number")[:LISTED_AT_ONCE]):
        last = found[-1][1]
        with transaction.atomic():
            UploadFile.objects.filter(pk__in=[pk for pk, _ in found]).update(
                group_name=Substr("group_name", Value(len(wrapper) + 2))
            )
            handle.report(stage="Naming the groups")
        handle.check()


def _list_table(part: UploadPart, handle: jobs.Handle) -> None:
    """Write a row for every row of a manifest, or every line of a list of addresses."""
    stage, listed = _reading(part), 0
    handle.report(stage=stage)
    for rows in _batches(_to_the_end(part, _told(part))):
        with transaction.atomic():
            _write(rows)
            listed += len(rows)
            handle.report(stage=f"{stage}: {listed:,} rows")
        handle.check()
    UploadPart.objects.filter(pk=part.pk).update(listed=True)


def _told(part: UploadPart) -> Iterator[UploadFile]:
    read = manifests.read_addresses if part.kind == Kind.ADDRESSES else manifests.read_manifest
    with open_part(part) as file:
        for row in read(file):
            yield told_row(part, row)
