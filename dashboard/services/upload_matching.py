"""Find the file that each row of a manifest tells of, and write there what it says.

The rows that wait for their file are the work: each step is one transaction, so that a kill in
between leaves either of a row, and never both.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from dashboard.models import Upload, UploadFile, UploadPart
from dashboard.services import jobs

# Each step reads the names of all files once, and keeps no more than this many rows.
MATCHED_AT_ONCE = 5000
ROWS_PER_WRITE = 500
TOLD = ["group_name", "type_name", "test_image", "real", "meta_data", "wrong", "reason"]


def match_manifests(*, upload: Upload, handle: jobs.Handle) -> None:
    """Write what manifests say into the rows of the files that they name.

    By the relative path, or a unique end of it, or else by the name alone if that is unique. A row
    that tells of a file for the second time stays, with that file as its `source`.
    """
    last = 0
    while rows := list(_unmatched(upload).filter(pk__gt=last).order_by("pk")[:MATCHED_AT_ONCE]):
        last = rows[-1].pk
        found = _Found(rows)
        for pk, name in _files(upload).values_list("pk", "name").iterator(chunk_size=2000):
            found.see(pk, name)
        for start in range(0, len(rows), ROWS_PER_WRITE):
            with transaction.atomic():
                _settle(rows[start : start + ROWS_PER_WRITE], found)
                handle.report(stage="Reading the manifest")
            handle.check()


def _unmatched(upload: Upload) -> QuerySet[UploadFile]:
    """Return the rows that still wait for their file."""
    rows = upload.files.filter(part__kind=UploadPart.Kind.MANIFEST, part__listed=True)
    return rows.filter(url="", source=None, status=UploadFile.Status.WAITING, number__lt=2**31 - 1)


def _files(upload: Upload) -> QuerySet[UploadFile]:
    kinds = (UploadPart.Kind.PICTURE, UploadPart.Kind.ARCHIVE)
    return upload.files.filter(part__kind__in=kinds)


@dataclass
class _Matches:
    """The files that a name may mean."""

    exact: int = 0
    endings: list[int] = field(default_factory=list)


class _Found:
    """Which file each of the wanted names means, as the names of all files go by."""

    def __init__(self, rows: list[UploadFile]) -> None:
        self._matches: defaultdict[str, _Matches] = defaultdict(_Matches)
        for row in rows:
            self._matches[row.name] = _Matches()
            self._matches[_base(row.name)] = _Matches()

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

    def file(self, name: str) -> tuple[int | None, str]:
        """Return the file that is meant, or None and why it is not known."""
        matches, by_name = self._matches[name], self._matches[_base(name)]
        if matches.exact:
            return matches.exact, ""
        endings = matches.endings or by_name.endings
        if len(endings) == 1:
            return endings[0], ""
        if not endings:
            return None, (
                f"There is no file “{name}” in this upload. Send it too, or correct its name in "
                "the manifest."
            )
        return None, (
            f"Several files are called “{name}”. Write the folder before the name in the manifest."
        )


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _settle(rows: list[UploadFile], found: _Found) -> None:
    """Write what these rows say to their files, or make them second rows, or say what is wrong."""
    meant = {row.pk: found.file(row.name) for row in rows}
    wanted = {pk for pk, _ in meant.values() if pk is not None}
    files = UploadFile.objects.in_bulk(wanted)
    described, second, lost = [], [], []
    for row in rows:
        pk, reason = meant[row.pk]
        if pk is None:
            row.refuse("file", reason)
            lost.append(row)
        elif files[pk].described:
            row.source, row.name = files[pk], files[pk].name
            row.forgive("file")
            row.foreseen = UploadFile.Foreseen.UNKNOWN
            second.append(row)
        else:
            _tell(files[pk], row)
            described.append(row.pk)
    UploadFile.objects.bulk_update(files.values(), [*TOLD, "described", "foreseen"])
    UploadFile.objects.bulk_update(second, ["source", "name", "wrong", "reason", "foreseen"])
    UploadFile.objects.bulk_update(lost, ["wrong", "reason"])
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
