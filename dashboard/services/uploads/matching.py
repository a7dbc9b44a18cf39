"""Match each row of a manifest with the file that it names, and copy its values there.

The rows that wait for their file are the work: each step is one transaction, so that a kill in
between leaves a row either before or after it, never in both states.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile
from posixpath import join, normpath
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from dashboard.files.tables.manifests import is_too_much
from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.models.bulk import update_rows
from dashboard.services.jobs import jobs
from dashboard.services.uploads.tables import INSIDE, WHOLE_PART

Kind = UploadPart.Kind

# Each step reads the names of all files once and searches those of this many rows, in some 40 MB. A
# manifest has at most four times as many, so the work is four steps and not rows times files.
MATCHED_AT_ONCE = 50_000
# The number of path ends that are compared, in folders; beyond that only the whole path can match.
DEEPEST = 16
SEVERAL = -1
ROWS_PER_WRITE = 200
MARKS = {"test_image": "test", "real": "real"}
TOLD = ["group_name", "type_name", "test_image", "real", "meta_data", "wrong", "reason"]


def match_manifests(*, upload: Upload, handle: jobs.Handle) -> None:
    """Copy the values of manifests into the rows of the files that they name.

    A row is matched by the relative path, or else by the longest end that it shares with a file's
    path, if only one file has it: paths may begin elsewhere, on the machine that wrote the
    manifest. Case is ignored if nothing else matches. A manifest inside an archive is matched with
    that archive alone, and its paths may begin in its own folder. A row that names a file for the
    second time is kept, with that file as its `source`.
    """
    waiting = upload.files.filter(url="", source=None, status=UploadFile.Status.WAITING)
    waiting = waiting.exclude(wrong__has_key="name")  # it names no file
    files = upload.files.filter(part__kind__in=(Kind.PICTURE, Kind.ARCHIVE))
    files = files.filter(number__lt=UploadFile.FIRST_TOLD)
    inner = waiting.filter(part__kind=Kind.ARCHIVE, part__listed=True, name__contains=INSIDE)
    inner = inner.filter(number__range=(UploadFile.FIRST_TOLD, WHOLE_PART - 1))
    for part in set(inner.values_list("part", flat=True)):
        _match(inner.filter(part=part), files.filter(part=part), handle)
    beside = waiting.filter(part__kind=Kind.MANIFEST, part__listed=True, number__lt=WHOLE_PART)
    _match(beside, files, handle)


def _match(waiting: QuerySet[UploadFile], files: QuerySet[UploadFile], handle: jobs.Handle) -> None:
    last = 0
    # Only the names: metadata is large, and is read only for the rows that are being matched.
    names = waiting.order_by("pk").values_list("pk", "name")
    while (found := _Found(names.filter(pk__gt=last)[:MATCHED_AT_ONCE].iterator(2000))).pks:
        first, last = found.pks[0], found.pks[-1]
        _see_all(found.see, files, handle)
        found.end()
        if found.lost:
            found.want_folded(names.filter(pk__range=(first, last)).iterator(chunk_size=2000))
            _see_all(found.see_folded, files, handle)
        # A row is settled and removed in one transaction: after a kill only the rest is matched
        # again.
        for start in range(0, len(found.pks), ROWS_PER_WRITE):
            pks = found.pks[start : start + ROWS_PER_WRITE]
            with transaction.atomic():
                _settle(list(UploadFile.objects.filter(pk__in=pks).order_by("pk")), found)
                handle.report(step="Reading the manifest")
            handle.check()


def _see_all(
    see: Callable[[int, str], None], files: QuerySet[UploadFile], handle: jobs.Handle
) -> None:
    for pk, name in files.values_list("pk", "name").iterator(chunk_size=2000):
        see(pk, name)
        handle.tick(step="Reading the manifest")


class _Wanted:
    """The file that a row of a manifest names: its possible paths, the likeliest first."""

    def __init__(self, name: str) -> None:
        folder, self.inside, file = name.partition(INSIDE)
        self.name = file if self.inside else name
        self.paths = [normpath(join(folder, file))] if self.inside else []
        self.paths.append(normpath(self.name))

    @property
    def ends(self) -> list[int]:
        """Return the hashes of the ends of its path, from the name alone upwards."""
        return list(islice(_ends(self.paths[-1]), DEEPEST))

    @property
    def reason(self) -> str:
        """Return the sentence that there is no such file."""
        if self.inside:
            return (
                f"The manifest names “{self.name}”, which is not in its archive. Add the file to "
                "the archive, or correct its name in the manifest."
            )
        return (
            f"The manifest names “{self.name}”, which is not in this upload. Upload the file too, "
            "or correct its name in the manifest."
        )


def _ends(path: str) -> Iterator[int]:
    """Yield a hash for each end of a path: its name, that with the folder before it, and so on.

    Each is computed from the previous one: hashing the ends of a path as texts would take time that
    grows with the square of its length.
    """
    end = 0
    for part in reversed(path.split("/")):
        end = hash((end, part))
        yield end


class _Names:
    """Finds the file for each wanted name while the names of all files are read.

    Names are compared by hash: for 100,000 paths this takes a tenth of the memory, and a collision
    occurs once in a thousand million manifests.
    """

    def __init__(self) -> None:
        self._whole: dict[int, int] = {}
        self._ending: dict[int, int] = {}

    def want(self, wanted: _Wanted) -> int:
        """Register a wanted name and return the hash of its last part."""
        self._whole.update((hash(path), 0) for path in wanted.paths)
        ends = wanted.ends
        for end in ends:
            self._ending.setdefault(end, 0)
        return ends[0]

    def see(self, pk: int, name: str) -> None:
        """Register a file under its path and every wanted end of it."""
        if self._whole.get(hash(name)) == 0:
            self._whole[hash(name)] = pk
        for end in _ends(name):
            known = self._ending.get(end)
            if known is None:
                break
            self._ending[end] = SEVERAL if known else pk

    def is_there(self, end: int) -> bool:
        """Return whether any file has that end."""
        return self._ending[end] != 0

    def file(self, wanted: _Wanted) -> int:
        """Return the matching file, `SEVERAL`, or 0 if there is none."""
        for path in wanted.paths:
            if whole := self._whole[hash(path)]:
                return whole
        longest = takewhile(bool, (self._ending[end] for end in wanted.ends))
        return next(iter(deque(longest, maxlen=1)), 0)


class _Found:
    """Finds the files that rows of a manifest name: in the same case, else in any case."""

    def __init__(self, rows: Iterable[tuple[int, str]]) -> None:
        self._names, self._folded = _Names(), _Names()
        self._last_parts = {pk: self._names.want(_Wanted(name)) for pk, name in rows}
        self.pks = [*self._last_parts]
        self.lost = set[int]()

    def see(self, pk: int, name: str) -> None:
        """Register a file."""
        self._names.see(pk, name)

    def end(self) -> None:
        """Collect the rows whose name matches no file."""
        there = self._names.is_there
        self.lost = {pk for pk, end in self._last_parts.items() if not there(end)}

    def want_folded(self, rows: Iterable[tuple[int, str]]) -> None:
        """Register the unmatched ones among these rows to be found in any case."""
        for pk, name in rows:
            if pk in self.lost:
                self._folded.want(_Wanted(name.casefold()))

    def see_folded(self, pk: int, name: str) -> None:
        """Register a file for the rows that were not matched."""
        self._folded.see(pk, name.casefold())

    def file(self, pk: int, name: str) -> tuple[int | None, str]:
        """Return the file that a row names, or None and the reason."""
        wanted, is_lost = _Wanted(name), pk in self.lost
        meant = self._folded.file(_Wanted(name.casefold())) if is_lost else self._names.file(wanted)
        if meant == SEVERAL:
            return None, (
                f"Several files are named “{wanted.name}”. Write the folder before the name in "
                "the manifest."
            )
        return (meant, "") if meant else (None, wanted.reason)


def _settle(rows: list[UploadFile], found: _Found) -> None:
    """Copy the values of these rows to their files, make them second rows, or record the error."""
    meant = {row.pk: found.file(row.pk, row.name) for row in rows}
    files = UploadFile.objects.in_bulk({pk for pk, _ in meant.values() if pk is not None})
    described, second, lost = [], [], []
    for row in rows:
        pk, reason = meant[row.pk]
        if pk is None:
            row.name = _Wanted(row.name).name
            row.refuse("file", reason)
            lost.append(row)
        elif files[pk].described:
            _tell_more(files[pk], row)
            second.append(row)
        else:
            _tell(files[pk], row)
            described.append(row.pk)
    update_rows(files.values(), [*TOLD, "described", "foreseen"])
    update_rows(second, ["source", "name", "wrong", "reason", "foreseen"])
    update_rows(lost, ["name", "wrong", "reason"])
    # Last: their values are in the files' rows now.
    UploadFile.objects.filter(pk__in=described).delete()


def _tell(file: UploadFile, row: UploadFile) -> None:
    """Copy the values of a manifest's row into a file's row; missing values keep the file's."""
    row.forgive("file")
    file.described = True
    file.group_name = row.group_name or file.group_name
    file.type_name = row.type_name or file.type_name
    file.test_image, file.real, file.meta_data = row.test_image, row.real, row.meta_data
    if row.group_name:
        file.forgive("group")
    for what, sentence in row.wrong.items():
        file.refuse(what, sentence)
    if file.wrong:
        file.foreseen = UploadFile.Foreseen.UNKNOWN


def _tell_more(file: UploadFile, row: UploadFile) -> None:
    """Make a row the second one of a file: it adds values that the first lacks, and a group.

    Where they differ the first one's value is kept, and the second row says so.
    """
    row.source, row.name = file, file.name
    row.forgive("file")
    row.foreseen = UploadFile.Foreseen.UNKNOWN
    differing = [name for name, value in row.meta_data.items() if _differs(file, name, value)]
    more = row.meta_data.keys() - file.meta_data.keys()
    # Each row was checked when it was read: together, only their size can be wrong.
    if more and is_too_much(both := row.meta_data | file.meta_data):
        row.refuse("row", "Its metadata and that of earlier rows are too large together.")
        return
    file.meta_data = both if more else file.meta_data
    for mark in ("test_image", "real"):
        first, second = getattr(file, mark), getattr(row, mark)
        if first is None:
            setattr(file, mark, second)
        elif second not in (None, first):
            differing.append(MARKS[mark])
    if differing:
        names = ", ".join(f"“{name}”" for name in differing)
        said = f"An earlier row has another value for {names}, which is kept."
        row.reason = f"{row.reason} {said}".strip()


def _differs(file: UploadFile, name: str, value: Any) -> bool:
    return name in file.meta_data and file.meta_data[name] != value
