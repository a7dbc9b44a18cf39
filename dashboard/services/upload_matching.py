"""Find the file that each row of a manifest tells of, and write there what it says.

The rows that wait for their file are the work: each step is one transaction, so that a kill in
between leaves either of a row, and never both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import join, normpath
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from dashboard.files.manifests import is_too_much
from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.models.bulk import update_rows
from dashboard.services import jobs
from dashboard.services.upload_tables import INSIDE, WHOLE_PART

Kind = UploadPart.Kind

# Each step reads the names of all files once and looks for those of this many rows, in some 40 MB:
# a manifest has at most twice as many, so that it is two steps and not rows times files.
MATCHED_AT_ONCE = 100_000
ROWS_PER_WRITE = 200
MARKS = {"test_image": "test", "real": "real"}
TOLD = ["group_name", "type_name", "test_image", "real", "meta_data", "wrong", "reason"]


def match_manifests(*, upload: Upload, handle: jobs.Handle) -> None:
    """Write what manifests say into the rows of the files that they name.

    By the relative path, or a unique end of it, or else by the name alone if that is unique. A
    manifest inside an archive tells of that archive alone, and its paths may begin in its own
    folder. A row that tells of a file for the second time stays, with that file as its `source`.
    """
    waiting = upload.files.filter(url="", source=None, status=UploadFile.Status.WAITING)
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
    # The names alone: meta data is large, and asked for only of the rows that are at hand.
    names = waiting.order_by("pk").values_list("pk", "name")
    while (found := _Found(names.filter(pk__gt=last)[:MATCHED_AT_ONCE].iterator(2000))).pks:
        last = found.pks[-1]
        for pk, name in files.values_list("pk", "name").iterator(chunk_size=2000):
            found.see(pk, name)
            handle.tick(stage="Reading the manifest")
        for start in range(0, len(found.pks), ROWS_PER_WRITE):
            pks = found.pks[start : start + ROWS_PER_WRITE]
            with transaction.atomic():
                _settle(list(UploadFile.objects.filter(pk__in=pks).order_by("pk")), found)
                handle.report(stage="Reading the manifest")
            handle.check()


@dataclass(slots=True)
class _Matches:
    """The files that a name may mean: by the whole path, and the first two by its end."""

    exact: int = 0
    ending: int = 0
    another: int = 0

    def end_with(self, pk: int) -> None:
        """Take a file into account whose path ends so."""
        if not self.ending:
            self.ending = pk
        elif not self.another:
            self.another = pk


class _Wanted:
    """The file that a row of a manifest names: where it may lie, the likeliest place first."""

    def __init__(self, name: str) -> None:
        folder, self.inside, file = name.partition(INSIDE)
        self.name = file if self.inside else name
        self.paths = [self.name]
        if self.inside:
            self.paths = [normpath(join(folder, file)), normpath(file)]

    @property
    def base(self) -> str:
        """Return the name without folders."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def reason(self) -> str:
        """Say that there is no such file."""
        if self.inside:
            return (
                f"There is no file “{self.name}” in the archive of its manifest. Pack it too, or "
                "correct its name in the manifest."
            )
        return (
            f"There is no file “{self.name}” in this upload. Send it too, or correct its name in "
            "the manifest."
        )


class _Found:
    """Which file each of the wanted names means, as the names of all files go by.

    Names are known by their hashes: of 100,000 paths these are a tenth of the memory, and two of
    them are the same once in a thousand million manifests.
    """

    def __init__(self, rows: Iterable[tuple[int, str]]) -> None:
        self.pks: list[int] = []
        self._matches: dict[int, _Matches] = {}
        depths = set[int]()
        for pk, name in rows:
            self.pks.append(pk)
            wanted = _Wanted(name)
            for one in (*wanted.paths, wanted.base):
                self._matches.setdefault(hash(one), _Matches())
                depths.add(one.count("/"))
        # Of a path with hundreds of folders only those ends are looked up that are as long as one
        # of the names: to hash them all takes as long as the square of its length.
        self._depths = sorted(depths)

    def see(self, pk: int, name: str) -> None:
        """Take a file into account, under its path and every end of it."""
        parts = name.split("/")
        for depth in self._depths:
            if depth >= len(parts):
                break
            matches = self._matches.get(hash("/".join(parts[-depth - 1 :])))
            if matches is not None:
                matches.end_with(pk)
                if depth == len(parts) - 1:
                    matches.exact = matches.exact or pk

    def file(self, wanted: _Wanted) -> tuple[int | None, str]:
        """Return the file that is meant, or None and why it is not known."""
        matches = [self._matches[hash(path)] for path in wanted.paths]
        for one in matches:
            if one.exact:
                return one.exact, ""
        by_name = self._matches[hash(wanted.base)]
        last = matches[-1] if matches[-1].ending else by_name
        if last.ending and not last.another:
            return last.ending, ""
        if not last.ending:
            return None, wanted.reason
        return None, (
            f"Several files are called “{wanted.name}”. Write the folder before the name in the "
            "manifest."
        )


def _settle(rows: list[UploadFile], found: _Found) -> None:
    """Write what these rows say to their files, or make them second rows, or say what is wrong."""
    wanted = {row.pk: _Wanted(row.name) for row in rows}
    meant = {pk: found.file(one) for pk, one in wanted.items()}
    files = UploadFile.objects.in_bulk({pk for pk, _ in meant.values() if pk is not None})
    described, second, lost = [], [], []
    for row in rows:
        pk, reason = meant[row.pk]
        if pk is None:
            row.name = wanted[row.pk].name
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
    UploadFile.objects.filter(pk__in=described).delete()


def _tell(file: UploadFile, row: UploadFile) -> None:
    """Write into a file's row what the manifest says; what it does not say stays."""
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
    """Let a row tell of a file for the second time: what the first one left open, and a group.

    Where they contradict each other the first one holds, and the second row says so.
    """
    row.source, row.name = file, file.name
    row.forgive("file")
    row.foreseen = UploadFile.Foreseen.UNKNOWN
    differing = [name for name, value in row.meta_data.items() if _differs(file, name, value)]
    more = row.meta_data.keys() - file.meta_data.keys()
    # Each row was judged alone: together they can only be too large.
    if more and is_too_much(both := row.meta_data | file.meta_data):
        row.refuse("row", "Its meta data and that of earlier rows are too much together.")
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
        said = f"An earlier row says something else of {names}, and that holds."
        row.reason = f"{row.reason} {said}".strip()


def _differs(file: UploadFile, name: str, value: Any) -> bool:
    return name in file.meta_data and file.meta_data[name] != value
