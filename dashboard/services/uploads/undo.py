"""Undo an upload as a whole: the images, memberships, groups and types that it created.

Each batch is one transaction, guarded by the job's lease. A file that was undone has no image any
more, so that the rest can be undone after a kill or a cancel.
"""

from collections import defaultdict
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.journal import record
from accounts.models import User, Workspace
from accounts.verbs import Verb
from accounts.words import counted
from dashboard.models import Group, Image, Job, SimilarityType, TaskType, Upload, UploadFile
from dashboard.queries.journal.changes import find_change
from dashboard.queries.uploads.undo import added_images, placed_files, told_undoing
from dashboard.queries.uploads.uploads import is_busy
from dashboard.services.errors import StillUnderWay
from dashboard.services.jobs import jobs
from dashboard.services.jobs.queueing import enqueue
from dashboard.services.library.groups import discard_groups_of_types
from dashboard.services.library.images import delete_files_of, discard_images
from dashboard.services.library.members import IMAGES, take_out
from dashboard.services.library.similarity_types import drop_work_on_types
from dashboard.services.row_locks import lock_all
from dashboard.services.uploads.errors import WrongStage
from dashboard.services.uploads.receiving import forget_bytes
from dashboard.services.workspaces.usage import hold_images

ROWS_PER_BATCH = 100

Status = UploadFile.Status


@transaction.atomic
def undo_upload(*, upload: Upload, title: str = "", actor: User | None) -> Job:
    """Queue the undo of an upload that was imported, wholly or in part.

    Raises `WrongStage`, also for an upload that imports no images, and `StillUnderWay` while a job
    imports it.
    """
    [row] = lock_all(Upload.objects.filter(pk=upload.pk))
    if row.stage != Upload.Stage.COMMITTED or row.purpose != Upload.Purpose.IMAGES:
        raise WrongStage(row)
    # A running import would add images after the undo.
    if is_busy(row):
        raise StillUnderWay
    return enqueue(
        workspace=upload.workspace,
        kind=Job.Kind.UNDO,
        title=title or f"Undo of {upload.name}",
        subject_id=upload.pk,
        actor=actor,
    )


def run_undo(*, upload_id: UUID, handle: jobs.Handle) -> str:
    """Undo what is left of the upload; return a sentence about the outcome."""
    upload = Upload.objects.select_related("workspace").get(pk=upload_id)
    if upload.stage != Upload.Stage.UNDONE:  # else: killed before the job ended
        taken_back = _TakingBack(upload, handle)
        while taken_back.step():
            handle.check()
        taken_back.end()
    forget_bytes(upload)
    return _outcome(told_undoing(upload))


class _TakingBack:
    """Undoes an upload's files in batches, and its groups and types at the end."""

    def __init__(self, upload: Upload, handle: jobs.Handle) -> None:
        self._upload, self._handle = upload, handle
        self._done = handle.job.done  # by an earlier try
        self._total = self._done + self._left().count()
        self._last = {Status.ADDED: 0, Status.KNOWN: 0}  # earlier rows are undone

    def _left(self) -> QuerySet[UploadFile]:
        rows = self._upload.files.filter(status__in=(Status.ADDED, Status.KNOWN))
        return rows.filter(image__isnull=False)

    def step(self) -> bool:
        """Undo one batch; return False if none was left.

        The rows lose their images last, so that after a kill in between the files are found again.
        """
        rows = self._next(Status.ADDED) or self._next(Status.KNOWN)
        added = [row.image_id for row in rows if row.status == Status.ADDED and row.image_id]
        with transaction.atomic():
            # Usage before images, as in every transaction that deletes images.
            hold_images(self._upload.workspace_id)
            discard_images(lock_all(added_images(self._upload).filter(pk__in=added)))
            self._leave_groups(rows)
            self._report(self._done)
        # Between the two transactions: the rows still know their images if a kill comes here.
        delete_files_of(added)
        with transaction.atomic():
            UploadFile.objects.filter(pk__in=[row.pk for row in rows]).update(
                image=None, group=None, placed=False
            )
            self._done += len(rows)
            self._report(self._done)
        return bool(rows)

    def _next(self, status: UploadFile.Status) -> list[UploadFile]:
        found = self._left().filter(status=status, pk__gt=self._last[status])
        rows = list(found.defer("meta_data").order_by("pk")[:ROWS_PER_BATCH])
        self._last[status] = rows[-1].pk if rows else self._last[status]
        return rows

    def _report(self, done: int) -> None:
        fraction = min(1.0, done / self._total) if self._total else 1.0
        self._handle.report(step="Undoing", total=self._total, done=done, fraction=fraction)

    def _leave_groups(self, rows: list[UploadFile]) -> None:
        """Remove images that were already known from the groups that the upload added them to."""
        placed = placed_files(self._upload).filter(pk__in=[row.pk for row in rows])
        by_group: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for group_id, image_id in placed.values_list("group_id", "image_id"):
            by_group[group_id].append(image_id)
        images = {image for members in by_group.values() for image in members}
        lock_all(Image.objects.filter(pk__in=images).only("id"))
        for group in Group.objects.filter(pk__in=by_group).order_by("pk"):
            members = Image.objects.filter(pk__in=by_group[group.pk])
            take_out(IMAGES, group, list(members.only("id", "created")))

    @transaction.atomic
    def end(self) -> None:
        """Delete empty groups and types that the upload created, and record the undo."""
        # As deletions of groups or types do: this blocks nesting and moves until the end.
        lock_all(Workspace.objects.filter(pk=self._upload.workspace_id))
        groups = self._remove_groups()
        types = self._remove_types()
        self._handle.report(step="Undoing", fraction=1.0)
        actor = self._handle.job.created_by
        Upload.objects.filter(pk=self._upload.pk).update(
            stage=Upload.Stage.UNDONE,
            undone=timezone.now(),
            undone_by=actor,
            modified=timezone.now(),
        )
        record(
            workspace=self._upload.workspace,
            verb=Verb.UNDID,
            noun="files",
            target_id=self._upload.pk,
            target_name=self._upload.name,
            count=self._done,
            details={"counts": {"file": self._done, "group": groups, "type": types}},
            undoes=find_change(self._upload.workspace, self._upload.pk, Verb.UPLOADED),
            actor=actor,
        )

    def _remove_groups(self) -> int:
        made = Group.objects.filter(pk__in=self._upload.made_groups.values("group"))
        empty = made.filter(images_count=0, regions_count=0, groups_count=0)
        return discard_groups_of_types(empty)

    def _remove_types(self) -> int:
        made = SimilarityType.objects.filter(
            pk__in=self._upload.made_types.values("similarity_type")
        )
        used = TaskType.objects.filter(similarity_type=OuterRef("pk"))
        held = lock_all(made.filter(~Exists(used), groups_count=0))
        drop_work_on_types(held)
        SimilarityType.objects.filter(pk__in=[one.pk for one in held]).delete()
        return len(held)


def _outcome(counts: dict[str, int]) -> str:
    # PostgreSQL returns them in an order of its own.
    told = [(noun, counts.get(noun, 0)) for noun in ("file", "group", "type")]
    words = [counted(count, noun) for noun, count in told if count]
    return f"Removed: {', '.join(words) or 'nothing'}."
