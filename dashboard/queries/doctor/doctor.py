"""Compare rows with stored files, and counters with rows.

Everything is read in pages or in sorted order, so that memory does not grow with an installation.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, IntegerField, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from dashboard.files.store.entries import Entry
from dashboard.models import (
    Collection,
    Encoder,
    Group,
    GroupImage,
    GroupNesting,
    GroupRegion,
    Image,
    Job,
    Record,
    SimilarityType,
    UploadChunk,
    UploadFile,
    UploadPart,
    Verification,
    Version,
    WorkerSign,
)
from dashboard.queries.pages import batches
from dashboard.queries.training.encoders import encoders

# Bounds memory: models and ids of one page. SQLite also limits the parameters of `pk__in`.
ROWS_AT_ONCE = 2000
# With a shorter sweep, a worker that is briefly busy must not look dead.
LATELY = timedelta(minutes=1)


def in_pages(rows: QuerySet[Any], size: int = ROWS_AT_ONCE) -> Iterator[Any]:
    """Yield rows by their primary keys; no lock is held between pages, so others may write."""
    for found in batches(rows, size):
        yield from found


def side_by_side(
    entries: Iterable[Entry], wanted: Iterable[tuple[str, Any]]
) -> Iterator[tuple[Entry | None, Any | None]]:
    """Yield pairs of stored files and rows, both sorted by name; one of each pair may be None.

    Both are read while others write: a missing one may be an error and must be checked again.
    """
    stored, rows = iter(entries), iter(wanted)
    entry, row = next(stored, None), next(rows, None)
    # A merge of two sorted streams: sets of names would hold every file of the installation.
    while entry is not None or row is not None:
        if row is None or (entry is not None and entry.name < row[0]):
            yield entry, None
            entry = next(stored, None)
        elif entry is None or row[0] < entry.name:
            yield None, row[1]
            row = next(rows, None)
        else:
            yield entry, row[1]
            entry, row = next(stored, None), next(rows, None)


def busy_since(workspace_id: UUID) -> datetime | None:
    """Return when the oldest unfinished job of a workspace was queued, or None."""
    # Files that a job has written since it was queued may have no row yet, so they are left alone.
    unfinished = Job.objects.filter(workspace=workspace_id).exclude(state__in=Job.FINISHED)
    return unfinished.order_by("created").values_list("created", flat=True).first()


def is_being_removed(workspace_id: UUID) -> bool:
    """Return whether a job is deleting the whole workspace."""
    jobs = Job.objects.filter(workspace=workspace_id, kind=Job.Kind.CLOSE)
    return jobs.exclude(state__in=Job.FINISHED).exists()


def is_worked_on(subject_id: UUID) -> bool:
    """Return whether a thing has an unfinished job."""
    return Job.objects.filter(subject_id=subject_id).exclude(state__in=Job.FINISHED).exists()


def served_queues() -> set[str]:
    """Return the queues of all workers with a recent heartbeat."""
    lately = timezone.now() - max(LATELY, timedelta(seconds=4 * settings.LIKEWISE_SWEEP))
    signs = WorkerSign.objects.filter(seen__gte=lately)
    return {queue for queues in signs.values_list("queues", flat=True) for queue in queues}


def wanted_upload_files(names: list[str], upload_ids: set[UUID]) -> set[str]:
    """Return the names that parts of uploads or their chunks refer to."""
    parts = UploadPart.objects.filter(upload__in=upload_ids, path__in=names)
    chunks = UploadChunk.objects.filter(part__upload__in=upload_ids, path__in=names)
    return {*parts.values_list("path", flat=True), *chunks.values_list("path", flat=True)}


def chunks_of(workspace_id: UUID) -> QuerySet[UploadChunk]:
    """Return the chunks of a workspace's uploads; a deleted part has no path."""
    rows = UploadChunk.objects.filter(part__upload__workspace=workspace_id)
    return rows.exclude(part__path="").select_related("part")


def files_as_sent(workspace_id: UUID, before: datetime) -> QuerySet[UploadFile]:
    """Return the uploaded files that became images and whose bytes are still stored."""
    rows = UploadFile.objects.filter(upload__workspace=workspace_id, image__created__lt=before)
    rows = rows.filter(image__deleted=None, status=UploadFile.Status.ADDED, url="")
    return rows.exclude(part__path="").select_related("image", "part", "source__part")


def images_without_original() -> int:
    """Return the number of images whose uploaded file is no longer stored."""
    kept = UploadFile.objects.filter(image=OuterRef("pk"), status=UploadFile.Status.ADDED, url="")
    return Image.objects.present().exclude(Exists(kept.exclude(part__path=""))).count()


def has_version(workspace_id: UUID, task_id: UUID, number: int) -> bool:
    """Return whether a version exists that has files or may be writing them."""
    rows = Version.objects.filter(workspace=workspace_id, task=task_id, number=number)
    # A training writes its files before its row names them: an unfinished one may own a folder.
    version = rows.only("status", "artifact").first()
    return version is not None and (
        bool(version.artifact) or version.status in Version.UNFINISHED or is_worked_on(version.pk)
    )


def trained_versions(workspace_id: UUID) -> QuerySet[Version]:
    """Return the versions whose files must exist."""
    return Version.objects.filter(workspace=workspace_id, status=Version.Status.TRAINED)


def ready_encoders() -> QuerySet[Encoder]:
    """Return the encoders whose files must exist."""
    return encoders().filter(state=Encoder.State.READY)


@dataclass(frozen=True)
class Counted:
    """Counters of a row, each of which must equal the number of rows that refer to it."""

    model: type[Model]
    numbers: Mapping[str, tuple[type[Model], str]]

    @property
    def noun(self) -> str:
        """Return the noun for people."""
        return str(self.model._meta.verbose_name)

    def wrong(self, size: int = ROWS_AT_ONCE) -> Iterator[Any]:
        """Yield rows with a wrong counter; each page is checked by one statement."""
        rows: QuerySet[Any] = self.model._default_manager.all()
        differs = Q()
        for name in self.numbers:
            differs |= ~Q(**{name: F(f"right_{name}")})
        for page in batches(rows.only("pk"), size):
            ids = [row.pk for row in page]
            # Counted and compared by one statement: between two, a concurrent change would look
            # like an error.
            yield from list(self.with_right(rows.filter(pk__in=ids)).filter(differs).order_by("pk"))

    def right(self, row: Any) -> dict[str, int]:
        """Return the right values of a row's wrong counters; the row was read by `with_right`."""
        right = {name: getattr(row, f"right_{name}") for name in self.numbers}
        return {name: number for name, number in right.items() if number != getattr(row, name)}

    def with_right(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Annotate each row with the right values of its counters."""
        counted: QuerySet[Any] = rows.annotate(
            **{f"right_{name}": _how_many(*pointing) for name, pointing in self.numbers.items()}
        )
        return counted


def _how_many(model: type[Model], key: str) -> Coalesce:
    mine = model._default_manager.filter(**{key: OuterRef("pk")}).order_by()
    # A subquery per counter. Joins of several tables in one query would multiply the counts.
    number = mine.values(key).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


COUNTED = (
    Counted(
        Group,
        {
            "images_count": (GroupImage, "group"),
            "regions_count": (GroupRegion, "group"),
            "groups_count": (GroupNesting, "parent"),
            "verify_count": (Verification, "group"),
        },
    ),
    Counted(Image, {"verify_count": (Verification, "image")}),
    Counted(SimilarityType, {"groups_count": (Group, "similarity_type")}),
    Counted(Collection, {"records_count": (Record, "collection")}),
)
