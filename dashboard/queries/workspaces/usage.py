"""Read the storage that a workspace uses and its limit, and compare counters with rows."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import (
    Aggregate,
    BigIntegerField,
    Count,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

from accounts.models import Workspace
from accounts.words import percent
from dashboard.models import Extraction, Image, Transfer, UploadPart, Usage

What = Usage.What


@dataclass(frozen=True)
class Part:
    """One use of storage."""

    name: str
    count: int
    size: int


@dataclass(frozen=True)
class Used:
    """The storage that a workspace uses; a limit of 0 means no limit."""

    images: Part
    others: list[Part]
    quota_images: int
    quota_bytes: int

    @property
    def size(self) -> int:
        """Return all bytes together."""
        return self.images.size + sum(part.size for part in self.others)

    @property
    def share(self) -> int:
        """Return how much of the quota is used, in percent from 0 to 100."""
        shares = [0.0]
        if self.quota_images:
            shares.append(self.images.count / self.quota_images)
        if self.quota_bytes:
            shares.append(self.images.size / self.quota_bytes)
        return percent(max(shares), 1)


def used(workspace: Workspace) -> Used:
    """Return the storage that a workspace uses: counters, and sums of exported files."""
    rows = Usage.objects.filter(workspace=workspace).values_list("what", "count", "size")
    counted = {what: (count, size) for what, count, size in rows}
    waiting = Part("Files of uploads", *counted.get(What.UPLOADS, (0, 0)))
    return Used(
        images=Part("Images", *counted.get(What.IMAGES, (0, 0))),
        others=[waiting, *stored_results(workspace)],
        quota_images=settings.LIKEWISE_QUOTA_IMAGES,
        quota_bytes=settings.LIKEWISE_QUOTA_BYTES,
    )


def stored_results(workspace: Workspace) -> list[Part]:
    """Return the storage of exports and extractions, which are few enough to be summed."""
    parts = []
    for name, model in (("Exports", Transfer), ("Extractions", Extraction)):
        stored = model._default_manager.filter(workspace=workspace).exclude(path="")
        sums = stored.aggregate(count=Count("pk"), size=Coalesce(Sum("size"), 0))
        parts.append(Part(name, sums["count"], sums["size"]))
    return parts


def wrong_usages(what: str, workspace_id: UUID | None = None) -> QuerySet[Any]:
    """Return the rows that differ from what they count, with `right_count` and `right_size`.

    One statement, which never sees one half of a change.
    """
    rows = Usage.objects.filter(what=what).select_related("workspace")
    if workspace_id is not None:
        rows = rows.filter(workspace=workspace_id)
    right = rows.annotate(
        right_count=_per_workspace(what, Count("pk")),
        right_size=_per_workspace(what, Sum(_SIZES[What(what)])),
    )
    return right.exclude(count=F("right_count"), size=F("right_size"))


def uncounted(what: str) -> QuerySet[Workspace]:
    """Return the workspaces that have rows of this kind and no `Usage` that counts them."""
    # A separate query: a workspace without a `Usage` row has nothing to compare.
    there = Exists(_counted(what).filter(**{_HOMES[What(what)]: OuterRef("pk")}))
    return Workspace.objects.filter(
        there, ~Exists(Usage.objects.filter(workspace=OuterRef("pk"), what=what))
    )


_SIZES: Final = {What.IMAGES: "file_size", What.UPLOADS: "size"}
_HOMES: Final = {What.IMAGES: "workspace", What.UPLOADS: "upload__workspace"}


def _counted(what: str) -> QuerySet[Any]:
    if what == What.IMAGES:
        return Image.objects.present()
    return UploadPart.objects.exclude(path="")


def _per_workspace(what: str, sum_of: Aggregate) -> Coalesce:
    home = _HOMES[What(what)]
    rows = _counted(what).filter(**{home: OuterRef("workspace")}).order_by()
    summed = rows.values(home).annotate(summed=sum_of).values("summed")
    return Coalesce(Subquery(summed, output_field=BigIntegerField()), 0)
