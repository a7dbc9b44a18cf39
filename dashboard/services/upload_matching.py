"""Find the file that each row of a manifest tells of, and write there what it says.

The rows that wait for their file are the work: each step is one transaction, so that a kill in
between leaves either of a row, and never both.
"""

from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from dashboard.files.manifests import refusal_of_meta_data
from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.models.bulk import update_rows
from dashboard.services import jobs
from dashboard.services.upload_tables import INSIDE, WHOLE_PART

Kind = UploadPart.Kind

# Each step reads the names of all files once, and keeps no more than this many rows.
MATCHED_AT_ONCE = 5000
ROWS_PER_WRITE = 500
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
    # Meta data is large, and asked for only of the rows that are at hand.
    names = waiting.defer("meta_data").order_by("pk")
    while rows := list(names.filter(pk__gt=last)[:MATCHED_AT_ONCE]):
        last = rows[-1].pk
        found = _Found(rows)
        for pk, name in files.values_list("pk", "name").iterator(chunk_size=2000):
            found.see(pk, name)
        for start in range(0, len(rows), ROWS_PER_WRITE):
            pks = [row.pk for row in rows[start : start + ROWS_PER_WRITE]]
            with transaction.atomic():
                _settle(list(UploadFile.objects.filter(pk__in=pks).order_by("pk")), found)
                handle.report(stage="Reading the manifest")
            handle.check()


@dataclass
class _Matches:
    """The files that a name may mean."""

    exact: int = 0
    endings: list[int] = field(default_factory=list)


class _Wanted:
    """The file that a row of a manifest names: where it may lie, the likeliest place first."""

    def __init__(self, row: UploadFile) -> None:
        folder, self.inside, file = row.name.partition(INSIDE)
        self.name = file if self.inside else row.name
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
    """Which file each of the wanted names means, as the names of all files go by."""

    def __init__(self, rows: list[UploadFile]) -> None:
        self._matches: dict[str, _Matches] = {}
        for row in rows:
            wanted = _Wanted(row)
            for name in (*wanted.paths, wanted.base):
                self._matches[name] = _Matches()

    def see(self, pk: int, name: str) -> None:
        """Take a file into account, under its path and every end of it."""
        end: str | None = name
        while end:
            matches = self._matches.get(end)
            if matches is not None:
                if end == name:
                    matches.exact = matches.exact or pk
                if len(matches.endings) < 2:
                    matches.endings.append(pk)
            end = end.partition("/")[2]

    def file(self, wanted: _Wanted) -> tuple[int | None, str]:
        """Return the file that is meant, or None and why it is not known."""
        matches = [self._matches[path] for path in wanted.paths]
        for one in matches:
            if one.exact:
                return one.exact, ""
        by_name = self._matches[wanted.base]
        endings = matches[-1].endings or by_name.endings
        if len(endings) == 1:
            return endings[0], ""
        if not endings:
            return None, wanted.reason
        return None, (
            f"Several files are called “{wanted.name}”. Write the folder before the name in the "
            "manifest."
        )


def _settle(rows: list[UploadFile], found: _Found) -> None:
    """Write what these rows say to their files, or make them second rows, or say what is wrong."""
    wanted = {row.pk: _Wanted(row) for row in rows}
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
    both = row.meta_data | file.meta_data
    if refusal_of_meta_data(both) is not None:
        row.refuse("row", "Its meta data and that of earlier rows are too much together.")
        return
    file.meta_data = both
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
