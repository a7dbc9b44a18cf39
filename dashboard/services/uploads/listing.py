"""List the files of an upload: one row for each, whatever its source.

Listing may be repeated after a kill: a part is listed once, and a row is written once.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO, TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Length, Substr

from dashboard.files.archives import archives, sidecars
from dashboard.files.archives.code_pages import Guess
from dashboard.files.archives.junk import is_junk
from dashboard.files.archives.members import refusal_of_path
from dashboard.files.archives.names import composed_name
from dashboard.files.errors import BrokenManifest, EmptyArchive, FileRefused
from dashboard.files.images import kinds
from dashboard.files.tables import manifests
from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.models.bulk import insert_rows
from dashboard.queries.pages import batches
from dashboard.queries.uploads.receiving import open_part
from dashboard.services.jobs import jobs
from dashboard.services.uploads.matching import match_manifests
from dashboard.services.uploads.tables import NO_MANIFEST, WHOLE_PART, InnerTables, told_row

# Each batch is a transaction, on SQLite with the write lock.
LISTED_AT_ONCE = 200
# More than a dataset has sidecars of one image; the rows wait in memory.
MOST_UNDECIDED = 20
LONG_PATH = "The names of its folders have more than 255 characters in all. Shorten them."
Kind = UploadPart.Kind
T = TypeVar("T")
# Notes in a row what its file's bytes show, or why they cannot be read.
Look = Callable[[UploadFile, bytes | FileRefused], None]


def list_parts(*, upload: Upload, handle: jobs.Handle, look: Look | None = None) -> None:
    """Write a row for every file of the parts that are not listed yet.

    Archives are listed, manifests and lists of URLs are read. A file that cannot be imported has a
    row with the reason. Images come first, so that a manifest finds the files that it names. `look`
    is called with the files of archives that would have to be unpacked again to check them later.
    """
    waiting = upload.parts.filter(listed=False)
    for part in waiting.order_by("number").iterator(chunk_size=LISTED_AT_ONCE):
        _judge_kind(part)
    beside = _Beside(upload)
    _list_pictures(upload, beside, handle)
    for part in waiting.filter(kind=Kind.ARCHIVE).order_by("number"):
        _list_archive(part, handle, look)
    for part in waiting.order_by("number"):
        _list_table(part, beside, handle)
    match_manifests(upload=upload, handle=handle)


def _judge_kind(part: UploadPart) -> None:
    """Set a part's kind by its first bytes if its name does not tell; junk files get no row."""
    if is_junk("/".join(_parts_of(part.name))):
        UploadPart.objects.filter(pk=part.pk).update(listed=True)
        return
    if (sidecars.is_picture(part.name) and part.kind == Kind.PICTURE) or part.known:
        return
    try:
        with open_part(part) as file:
            kind = kinds.kind_of(part.name, file.read(kinds.HEAD))
    except FileNotFoundError:
        return
    if kind != part.kind:
        UploadPart.objects.filter(pk=part.pk).update(kind=kind)


class _Beside:
    """Knows which files are sidecars of an image with the same name, loaded when first needed."""

    def __init__(self, upload: Upload) -> None:
        self._names = upload.parts.filter(kind=Kind.PICTURE).values_list("name", flat=True)
        self._keys: set[int] | None = None

    def tells_of_picture(self, name: str) -> bool:
        """Return whether a file may be a sidecar and its image is in the upload."""
        if not sidecars.may_be_sidecar(name):
            return False
        if self._keys is None:
            names = filter(sidecars.is_picture, self._names.iterator(chunk_size=2000))
            # Hashes: 100,000 names would take many times the memory. They are seeded, so nobody can
            # choose names that collide.
            self._keys = {hash(sidecars.picture_key(one)) for one in names}
        return hash(sidecars.sidecar_key(name)) in self._keys


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, LISTED_AT_ONCE)):
        yield batch


def _list_pictures(upload: Upload, beside: _Beside, handle: jobs.Handle) -> None:
    """Write the rows of single images; their folders are those of their paths."""
    pictures = upload.parts.filter(kind=Kind.PICTURE)
    wrapper = archives.Wrapper()
    for name in pictures.values_list("name", flat=True).iterator(chunk_size=2000):
        wrapper.see(_parts_of(name))
    for parts in batches(pictures.filter(listed=False), LISTED_AT_ONCE, key="number"):
        told = [part for part in parts if not beside.tells_of_picture(part.name)]
        with transaction.atomic():
            _write(_picture(part, wrapper.folder) for part in told)
            UploadPart.objects.filter(pk__in=[part.pk for part in parts]).update(listed=True)
            handle.report(step="Listing the files")
        handle.check()


def _parts_of(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/") if part not in ("", ".")) or (name,)


def _picture(part: UploadPart, wrapper: str | None) -> UploadFile:
    name = composed_name(part.name)
    parts = _parts_of(name)
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
    # After a kill a part is listed from its start: existing rows conflict, and are kept.
    insert_rows(UploadFile, rows)


def _list_archive(part: UploadPart, handle: jobs.Handle, look: Look | None) -> None:
    """Write a row for every file of an archive and of its manifests, in one pass."""
    step, listed = _reading(part), 0
    inside = _Inside(part, handle, look)
    handle.report(step=step)
    for rows in _batches(_to_the_end(part, _some(inside.rows()))):
        with transaction.atomic():
            _write(rows)
            listed += len(rows)
            handle.report(step=f"{step}: {listed:,} files{inside.passed_over}")
        handle.check()
    if inside.guess is not None:
        part.code_page, part.code_page_sure = inside.guess.code_page, inside.guess.is_sure
        part.save(update_fields=["code_page", "code_page_sure"])
    # `listed` is set last: until then the part is listed again.
    _end(part, inside.wrapper.folder, handle)


def _reading(part: UploadPart) -> str:
    return f"Reading {part.name[-50:]}"  # a step has room for 100 characters


class _Inside:
    """Reads the entries of an archive once; those that are not files are only counted."""

    def __init__(self, part: UploadPart, handle: jobs.Handle, look: Look | None) -> None:
        self._part, self._handle, self._look = part, handle, look
        self.wrapper = archives.Wrapper()
        self.guess: Guess | None = None
        self._others = 0
        self._pictures: set[int] | None = None
        self._undecided: list[tuple[int, list[UploadFile]]] = []

    @property
    def passed_over(self) -> str:
        """Return how many entries were not files: folders and junk of operating systems."""
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
                self.guess = archive.guess
                if member is None:
                    self._pass_over()
                elif member.refusal is None and sidecars.may_be_sidecar(member.name):
                    yield from self._sidecar(archive, tables, member)
                elif member.refusal is None and kinds.is_table(member.name):
                    yield from tables.rows(member, is_beside=False)
                else:
                    yield from self._picture(archive, member)
            yield from self._decided(None)

    def _picture(self, archive: archives.Archive, member: archives.Member) -> Iterator[UploadFile]:
        if not archive.has_directory and sidecars.is_picture(member.name):
            key = hash(sidecars.picture_key(member.path))
            self._known(archive).add(key)
            yield from self._decided(key)
        yield self._row(archive, member)

    def _sidecar(
        self, archive: archives.Archive, tables: InnerTables, member: archives.Member
    ) -> Iterator[UploadFile]:
        """Yield the rows of a possible sidecar, unless it is one.

        In a TAR its image may follow it. Files with the same name are adjacent: rows that the next
        files may decide are held back until then.
        """
        key = hash(sidecars.sidecar_key(member.path))
        is_beside = key in self._known(archive)
        if kinds.is_table(member.name):
            rows = tables.rows(member, is_beside=is_beside)
        else:
            rows = iter(()) if is_beside else iter((self._row(archive, member),))
        first = [] if archive.has_directory else list(islice(rows, LISTED_AT_ONCE))
        yield from self._decided(key)
        if len({row.name for row in first if not row.url}) > 1:
            yield from first
        elif first:
            self._undecided.append((key, first))
        yield from rows

    def _known(self, archive: archives.Archive) -> set[int]:
        """Return the keys of the images: all of them, or in a TAR those read so far."""
        if self._pictures is None:
            ahead = archive.members() if archive.has_directory else iter(())
            pictures = (one for one in ahead if sidecars.is_picture(one.name))
            self._pictures = {hash(sidecars.picture_key(one.path)) for one in pictures}
        return self._pictures

    def _decided(self, key: int | None) -> Iterator[UploadFile]:
        """Yield the rows that were held back for another key and have no image."""
        kept, self._undecided = self._undecided, []
        for other, rows in kept:
            if other in (self._pictures or ()):
                continue
            if other == key and len(kept) < MOST_UNDECIDED:
                self._undecided.append((other, rows))
            else:
                yield from rows

    def _pass_over(self) -> None:
        self._others += 1
        # No row is written for it: an archive of only such entries must still react to a cancel.
        self._handle.tick(step=f"{_reading(self._part)}{self.passed_over}")

    def _row(self, archive: archives.Archive, member: archives.Member) -> UploadFile:
        row = _member(self._part, member, self.wrapper)
        unpacks = archive.unpacks_on_the_way and member.refusal is None
        if self._look is not None and unpacks:
            self._look(row, _content(archive, member))
        return row


def _content(archive: archives.Archive, member: archives.Member) -> bytes | FileRefused:
    try:
        data = archive.read(member)
        kinds.refuse_others(member.name, data)
        return data
    except FileRefused as refusal:
        return refusal


def _to_the_end(part: UploadPart, rows: Iterator[UploadFile]) -> Iterator[UploadFile]:
    """Yield the rows, and a last one with the reason if the part cannot be read to its end."""
    try:
        yield from rows
    except FileRefused as refusal:
        row = UploadFile(upload_id=part.upload_id, part=part, number=WHOLE_PART, name=part.name)
        row.refuse("picture", refusal.reason)
        yield row


def _some(rows: Iterator[UploadFile]) -> Iterator[UploadFile]:
    """Yield the rows. Raises `EmptyArchive` if there is none."""
    is_empty = True
    for row in rows:
        is_empty = False
        yield row
    if is_empty:
        raise EmptyArchive


def _member(part: UploadPart, member: archives.Member, wrapper: archives.Wrapper) -> UploadFile:
    wrapper.see(member.parts)
    group = archives.group_name(member.parts, None)
    row = _row(part, member.index, member.parts, group)
    if member.refusal is not None:
        row.refuse("picture", member.refusal)
    row.size = max(0, member.size)
    return row


def _end(part: UploadPart, wrapper: str | None, handle: jobs.Handle) -> None:
    """Remove the wrapper folder from the groups' names; it is known at the archive's end."""
    if wrapper is not None:
        rows = UploadFile.objects.filter(part=part, number__lt=UploadFile.FIRST_TOLD)
        rows = rows.filter(Q(group_name=wrapper) | Q(group_name__startswith=f"{wrapper}/"))
        # When an archive is listed again, rows of the first time no longer have it: their group is
        # no longer everything before the file's own name.
        rows = rows.filter(described=False).alias(rest=Substr("name", Length("group_name") + 2))
        _take_off(rows.exclude(rest__contains="/").order_by("number"), wrapper, handle)
    UploadPart.objects.filter(pk=part.pk).update(listed=True)


def _take_off(rows: QuerySet[UploadFile], wrapper: str, handle: jobs.Handle) -> None:
    """Shorten the groups' names in batches: on SQLite nobody else can write meanwhile."""
    for found in batches(rows.only("pk", "number"), LISTED_AT_ONCE, key="number"):
        with transaction.atomic():
            UploadFile.objects.filter(pk__in=[row.pk for row in found]).update(
                group_name=Substr("group_name", Value(len(wrapper) + 2))
            )
            handle.report(step="Naming the groups")
        handle.check()


def _list_table(part: UploadPart, beside: _Beside, handle: jobs.Handle) -> None:
    """Write a row for every row of a manifest, or every line of a list of URLs."""
    step, listed = _reading(part), 0
    handle.report(step=step)
    for rows in _batches(_to_the_end(part, _told(part, beside))):
        with transaction.atomic():
            _write(rows)
            listed += len(rows)
            handle.report(step=f"{step}: {listed:,} rows")
        handle.check()
    UploadPart.objects.filter(pk=part.pk).update(listed=True)


def _told(part: UploadPart, beside: _Beside) -> Iterator[UploadFile]:
    is_beside = beside.tells_of_picture(part.name)
    if part.kind == Kind.ADDRESSES and is_beside:
        return
    with open_part(part) as file:
        for row in _table_rows(part, file, is_beside=is_beside):
            yield told_row(part, row)


def _table_rows(
    part: UploadPart, file: IO[bytes], *, is_beside: bool
) -> Iterator[manifests.ManifestRow]:
    """Yield the rows of a table; one in a folder was not chosen as a manifest."""
    if part.kind == Kind.ADDRESSES:
        yield from manifests.read_addresses(file)
    elif is_beside or "/" in part.name:
        try:
            yield from manifests.read_possible_manifest(file, is_beside=is_beside)
        except BrokenManifest as refusal:
            raise BrokenManifest(f"{NO_MANIFEST} {refusal.reason}") from refusal
    else:
        yield from manifests.read_manifest(file)
