"""Fix the plan of an upload before the import: only rows of the upload change."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashboard.models import Job, SimilarityType, Upload, UploadFile, UploadPart
from dashboard.models.bulk import update_rows
from dashboard.queries.uploads.plans import files_in_error, files_left_out
from dashboard.services.row_locks import lock_all
from dashboard.services.uploads.errors import WrongStage
from dashboard.services.uploads.plans import foresee, start_plan

Status = UploadFile.Status
ROWS_AT_ONCE = 2000
JUDGED = ["foreseen", "wrong", "reason"]


@dataclass(frozen=True)
class Mended:
    """The values that a person sets for a file instead of those of its manifest or folders."""

    group_name: str
    type_name: str
    test_image: bool | None
    real: bool | None


# The field for each column that an error may name.
COLUMNS = {"group": "group_name", "type": "type_name", "test": "test_image", "real": "real"}


@transaction.atomic
def mend_file(*, upload: Upload, file_id: int, mended: Mended) -> UploadFile:
    """Set the values of a file. Raises `WrongStage`, `UploadFile.DoesNotExist`."""
    row = _held(upload, file_id)
    for column, name in COLUMNS.items():
        setattr(row, name, getattr(mended, name))
        row.forgive(column)
    row.save(update_fields=[*COLUMNS.values(), "wrong", "reason"])
    return _judged(upload, row)


@transaction.atomic
def leave_out(*, upload: Upload, file_id: int, out: bool) -> UploadFile:
    """Skip a file, or include it again. Raises `WrongStage`, `UploadFile.DoesNotExist`."""
    row = _held(upload, file_id)
    row.status = Status.LEFT_OUT if out else Status.WAITING
    row.save(update_fields=["status"])
    return _judged(upload, row)


@transaction.atomic
def leave_out_wrong(*, upload: Upload) -> int:
    """Skip all files in error; return how many. Raises `WrongStage`."""
    _hold_planned(upload)
    return files_in_error(upload).update(status=Status.LEFT_OUT)


@transaction.atomic
def put_all_back(*, upload: Upload) -> int:
    """Include all skipped files again; return how many. Raises `WrongStage`."""
    _hold_planned(upload)
    return files_left_out(upload).update(status=Status.WAITING)


@transaction.atomic
def rename_planned_group(*, upload: Upload, group: str, named_type: str, name: str) -> int:
    """Rename a planned group, or merge it into another by its name; return how many files it has.

    Raises `WrongStage`.
    """
    _hold_planned(upload)
    rows = upload.files.filter(group_name=group, type_name=named_type)
    return rows.update(group_name=name.strip())


@transaction.atomic
def choose_type(
    *, upload: Upload, similarity_type: SimilarityType | None, new_type_name: str
) -> None:
    """Set the type of the groups made from folders, existing or new. Raises `WrongStage`."""
    _hold_planned(upload)
    Upload.objects.filter(pk=upload.pk).update(
        similarity_type=similarity_type,
        new_type_name=new_type_name.strip(),
    )


@transaction.atomic
def choose_code_page(*, upload: Upload, part_id: int, code_page: str, actor: User | None) -> Job:
    """Read the names of an archive in another code page and check its files again.

    Manifests write into the rows of any archive, so if there is one, all parts are listed again.
    Raises `WrongStage` and `UploadPart.DoesNotExist`.
    """
    row = _hold_planned(upload)
    part = row.parts.get(pk=part_id, kind=UploadPart.Kind.ARCHIVE)
    is_told_of = row.parts.filter(kind=UploadPart.Kind.MANIFEST).exists()
    parts = row.parts.all() if is_told_of else row.parts.filter(pk=part.pk)
    rows = row.files.filter(part__in=parts.values("pk")).order_by("pk")
    # In batches of ids: the number of parameters of a statement is limited.
    while found := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        row.files.filter(pk__in=found).delete()
    parts.update(listed=False)
    row.parts.filter(pk=part.pk).update(code_page=code_page, code_page_sure=True)
    return start_plan(upload=row, actor=actor)


def _hold_planned(upload: Upload) -> Upload:
    """Lock the upload, so that it is not imported meanwhile. Raises `WrongStage`.

    An upload that is being fixed will be imported: this keeps it from being deleted as abandoned.
    """
    [row] = lock_all(Upload.objects.filter(pk=upload.pk))
    if row.stage != Upload.Stage.PLANNED:
        raise WrongStage(row)
    Upload.objects.filter(pk=row.pk).update(modified=timezone.now())
    return row


def _held(upload: Upload, file_id: int) -> UploadFile:
    _hold_planned(upload)
    return upload.files.select_related("part", "source").get(pk=file_id)


def _judged(upload: Upload, row: UploadFile) -> UploadFile:
    """Plan a file again, and others with the same image."""
    rows = [row]
    if row.sha256:
        # If the first of equal images is skipped, the second one becomes the new one.
        twins = upload.files.filter(sha256=row.sha256, status=Status.WAITING)
        rows = list(twins.select_related("part", "source").order_by("pk"))
        if row.status == Status.WAITING:
            row = next(one for one in rows if one.pk == row.pk)
        else:
            rows.append(row)
    foresee(upload, rows)
    update_rows(rows, JUDGED)
    return row
