"""Count the storage of a workspace, in the transaction that changes it, and enforce its limit."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts.models import Workspace
from accounts.words import counted
from dashboard.files.errors import FileRefused
from dashboard.files.sizes import readable_size
from dashboard.models import UploadPart, Usage
from dashboard.queries.workspaces.usage import stored_results
from dashboard.services.errors import Refused

What = Usage.What
# The number of parameters of a statement is limited.
PARTS_AT_ONCE = 2000


class QuotaReached(Refused, FileRefused):
    """A workspace has reached its limit; as the refusal of one file, only this file fails."""


def images_refusal() -> QuotaReached:
    """Return the refusal of further images, which names the quota."""
    allowed = []
    if settings.LIKEWISE_QUOTA_IMAGES:
        allowed.append(counted(settings.LIKEWISE_QUOTA_IMAGES, "image"))
    if settings.LIKEWISE_QUOTA_BYTES:
        allowed.append(readable_size(settings.LIKEWISE_QUOTA_BYTES))
    return QuotaReached(
        f"The workspace has reached its limit ({' or '.join(allowed)}). Delete images, or ask "
        "your administrator for a higher limit; then try again."
    )


def uploads_refusal() -> QuotaReached:
    """Return the refusal of further uploads."""
    most = readable_size(settings.LIKEWISE_QUOTA_BYTES)
    return QuotaReached(
        f"Uploaded files of this workspace that are not imported yet may have {most} in all. "
        "Import or discard them, or ask your administrator for a higher limit; then try again."
    )


def refuse_if_results_full(workspace: Workspace) -> None:
    """Raise `QuotaReached` if exports and extractions have reached the quota of bytes."""
    most = settings.LIKEWISE_QUOTA_BYTES
    if most and sum(part.size for part in stored_results(workspace)) >= most:
        raise QuotaReached(
            f"Exports and extractions of this workspace may have {readable_size(most)} in all. "
            "Delete those that you no longer need, then try again."
        )


@dataclass
class Room:
    """The storage use of a workspace's images and how much can be added."""

    usage: Usage

    def takes(self, size: int) -> bool:
        """Return whether an image of this size fits."""
        images, most = settings.LIKEWISE_QUOTA_IMAGES, settings.LIKEWISE_QUOTA_BYTES
        fits = not most or self.usage.size + size <= most
        return fits and (not images or self.usage.count < images)

    def take(self, size: int) -> bool:
        """Add an image to the count if it fits; return whether it fits."""
        if not self.takes(size):
            return False
        self.usage.count += 1
        self.usage.size += size
        return True


def hold_images(workspace_id: UUID) -> Usage:
    """Lock the usage row of a workspace's images until the transaction ends.

    Adding and deleting images locks it before any image, in this order: types, usage, images. So
    two concurrent uploads take turns, and cannot exceed the quota together.
    """
    return hold_usage(workspace_id, What.IMAGES)


def hold_usage(workspace_id: UUID, what: str) -> Usage:
    """Lock one usage row until the transaction ends, creating it if it does not exist."""
    rows = Usage.objects.filter(workspace=workspace_id, what=what)
    # `no_key`: an insert that refers to this row need not wait.
    held = rows.select_for_update(no_key=True).order_by("pk")
    found = held.first()
    if found is None:
        made = Usage(workspace_id=workspace_id, what=what)
        # Two may find none at once: the constraint allows one row, and both read it under a lock.
        Usage.objects.bulk_create([made], ignore_conflicts=True)
        found = held.get()
    return found


def count_on(usage: Usage, *, count: int, size: int) -> None:
    """Add to the counters; negative numbers subtract. Call it while the row is locked."""
    if count or size:
        rows = Usage.objects.filter(pk=usage.pk)
        # Relative: the numbers of `usage` in memory may be ahead of the row, see `Room.take`.
        rows.update(count=F("count") + count, size=F("size") + size)


def find_room(workspace: Workspace) -> Room | None:
    """Return what can be added now, without a lock; None without a quota."""
    if not settings.LIKEWISE_QUOTA_IMAGES and not settings.LIKEWISE_QUOTA_BYTES:
        return None
    found = Usage.objects.filter(workspace=workspace, what=What.IMAGES).first()
    return Room(found or Usage(workspace=workspace, what=What.IMAGES))


def is_full(workspace: Workspace) -> bool:
    """Return whether no further image fits, without a lock; avoids work that would be in vain."""
    room = find_room(workspace)
    return room is not None and not room.takes(1)


def count_named(workspace_id: UUID, parts: Iterable[UploadPart]) -> None:
    """Count files that will be uploaded. Call it last in the transaction that registers them.

    Uploaded files may use as much as the quota of bytes, beside the images: originals are larger
    than the stored images. Raises `QuotaReached`.
    """
    sizes = [part.size for part in parts if part.path]
    if not sizes:
        return
    # Last, since every upload of the workspace waits for this row until the commit.
    usage, most = hold_usage(workspace_id, What.UPLOADS), settings.LIKEWISE_QUOTA_BYTES
    if most and usage.size + sum(sizes) > most:
        raise uploads_refusal()
    count_on(usage, count=len(sizes), size=sum(sizes))


@transaction.atomic
def let_go(workspace_id: UUID, parts: QuerySet[UploadPart]) -> int:
    """Subtract uploaded files from the count: no more bytes are accepted for them.

    Their rows stay, without a path, and their bytes can then be deleted. Returns how many had a
    path until now.
    """
    stored = parts.exclude(path="").order_by("pk")
    # Locked without a join, so that PostgreSQL rechecks a part that another process has changed.
    held = dict(stored.select_for_update(of=("self",)).values_list("pk", "size"))
    ids = list(held)
    for first in range(0, len(ids), PARTS_AT_ONCE):
        UploadPart.objects.filter(pk__in=ids[first : first + PARTS_AT_ONCE]).update(path="")
    if held:
        usage = hold_usage(workspace_id, What.UPLOADS)
        count_on(usage, count=-len(held), size=-sum(held.values()))
    return len(held)
