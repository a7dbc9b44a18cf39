"""What undoing an upload would take away, and what others have done with it since."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Activity
from dashboard.models import GroupImage, Image, Job, Upload, UploadFile


@dataclass(frozen=True)
class UndoForecast:
    """What a person should know before undoing: how much goes, and what is used elsewhere."""

    images: int
    memberships: int
    elsewhere: int


def added_images(upload: Upload) -> QuerySet[Image]:
    """Return the images that the upload added and that are still its own.

    One that was deleted and sent again since came with what sent it again.
    """
    rows = UploadFile.objects.filter(
        upload=upload, image=OuterRef("pk"), status=UploadFile.Status.ADDED
    )
    jobs = Job.objects.filter(subject_id=upload.pk, kind=Job.Kind.UPLOAD)
    # Bringing a deleted image back sets `created` anew: a later time is another upload's image.
    last = jobs.order_by("-finished").values_list("finished", flat=True).first()
    images = Image.objects.in_workspace(upload.workspace).present().filter(Exists(rows))
    return images.filter(created__lte=last) if last is not None else images


def placed_files(upload: Upload) -> QuerySet[UploadFile]:
    """Return the files whose images were known and came into a group by the upload."""
    rows = upload.files.filter(status=UploadFile.Status.KNOWN, placed=True)
    return rows.filter(image__isnull=False, group__isnull=False)


def told_undoing(upload: Upload) -> dict[str, int]:
    """Return what was undone of an upload that is undone: files, groups and types."""
    rows = Activity.objects.filter(workspace=upload.workspace, target_id=upload.pk, verb="undid")
    told = rows.order_by("-created").values_list("details", flat=True).first() or {}
    counts: dict[str, int] = told.get("counts", {})
    return counts


def in_other_groups(upload: Upload) -> QuerySet[Image]:
    """Return the images that the upload added and somebody has put into other groups since."""
    own = UploadFile.objects.filter(
        upload=upload, image=OuterRef("image"), group=OuterRef("group"), placed=True
    )
    others = GroupImage.objects.filter(~Exists(own), image=OuterRef("pk"))
    return added_images(upload).filter(Exists(others))


def undo_forecast(upload: Upload) -> UndoForecast:
    """Count what undoing would take away."""
    return UndoForecast(
        images=added_images(upload).count(),
        memberships=placed_files(upload).count(),
        elsewhere=in_other_groups(upload).count(),
    )
