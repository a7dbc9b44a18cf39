"""Read what undoing an upload would remove, and what was done with it since."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Change, Workspace
from accounts.verbs import Verb
from dashboard.models import GroupImage, Image, Job, Upload, UploadFile
from dashboard.queries.journal.changes import find_change
from dashboard.queries.uploads.uploads import uploads_in


@dataclass(frozen=True)
class UndoForecast:
    """The effect of an undo: how much it removes, and how much of that is used elsewhere."""

    images: int
    memberships: int
    elsewhere: int


def added_images(upload: Upload) -> QuerySet[Image]:
    """Return the images that the upload added and that still belong to it.

    An image that was deleted and uploaded again belongs to the later upload.
    """
    rows = UploadFile.objects.filter(
        upload=upload, image=OuterRef("pk"), status=UploadFile.Status.ADDED
    )
    jobs = Job.objects.filter(subject_id=upload.pk, kind=Job.Kind.UPLOAD)
    # Restoring a deleted image sets `created` again: a later time means that another upload did it.
    last = jobs.order_by("-finished").values_list("finished", flat=True).first()
    images = Image.objects.in_workspace(upload.workspace).present().filter(Exists(rows))
    return images.filter(created__lte=last) if last is not None else images


def placed_files(upload: Upload) -> QuerySet[UploadFile]:
    """Return the files whose known images were added to a group by the upload."""
    rows = upload.files.filter(status=UploadFile.Status.KNOWN, placed=True)
    return rows.filter(image__isnull=False, group__isnull=False)


def told_undoing(upload: Upload) -> dict[str, int]:
    """Return how many files, groups and types the undo of an upload removed."""
    change = find_change(upload.workspace, upload.pk, Verb.UNDID)
    counts: dict[str, int] = change.details.get("counts", {}) if change else {}
    return counts


def undoable_uploads(workspace: Workspace, changes: Collection[Change]) -> set[int]:
    """Return the ids of changes whose uploads imported images and are not undone: one query."""
    uploads = uploads_in(workspace).filter(pk__in=[change.target_id for change in changes])
    imported = uploads.filter(purpose=Upload.Purpose.IMAGES, stage=Upload.Stage.COMMITTED)
    there = set(imported.values_list("pk", flat=True))
    return {change.pk for change in changes if change.target_id in there}


def in_other_groups(upload: Upload) -> QuerySet[Image]:
    """Return the images that the upload added and that were added to other groups since."""
    own = UploadFile.objects.filter(
        upload=upload, image=OuterRef("image"), group=OuterRef("group"), placed=True
    )
    others = GroupImage.objects.filter(~Exists(own), image=OuterRef("pk"))
    return added_images(upload).filter(Exists(others))


def undo_forecast(upload: Upload) -> UndoForecast:
    """Count what an undo would remove."""
    return UndoForecast(
        images=added_images(upload).count(),
        memberships=placed_files(upload).count(),
        elsewhere=in_other_groups(upload).count(),
    )
