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
# A statement takes only so many parameters.
PARTS_AT_ONCE = 2000


class QuotaReached(Refused, FileRefused):
    """A workspace has as much as it may; as a refusal of one file it fails alone."""


def images_refusal() -> QuotaReached:
    """Say that no more images fit, with what the quota is."""
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
    """Say that too much waits to be imported."""
    most = readable_size(settings.LIKEWISE_QUOTA_BYTES)
    return QuotaReached(
        f"Uploaded files of this workspace that are not imported yet may have {most} in all. "
        "Import or discard them, or ask your administrator for a higher limit; then try again."
    )


def refuse_if_results_full(workspace: Workspace) -> None:
    """Raise `QuotaReached` if exports and extractions have as many bytes as the quota."""
    most = settings.LIKEWISE_QUOTA_BYTES
    if most and sum(part.size for part in stored_results(workspace)) >= most:
        raise QuotaReached(
            f"Exports and extractions of this workspace may have {readable_size(most)} in all. "
            "Delete those that you no longer need, then try again."
        )


@dataclass
class Room:
    """What a workspace has and may still take, while its row is held."""

    usage: Usage

    def takes(self, size: int) -> bool:
        """Say whether an image of so many bytes fits."""
        images, most = settings.LIKEWISE_QUOTA_IMAGES, settings.LIKEWISE_QUOTA_BYTES
        fits = not most or self.usage.size + size <= most
        return fits and (not images or self.usage.count < images)

    def take(self, size: int) -> bool:
        """Count an image in if it fits; say whether it does."""
        if not self.takes(size):
            return False
        self.usage.count += 1
        self.usage.size += size
        return True


def hold_images(workspace_id: UUID) -> Usage:
    """Hold the usage row of a workspace's images until the transaction ends.

    Adding and deleting images does this before holding any: types, usage, images, in this
    order. So two uploads at once take turns, and neither passes the quota with the other.
    """
    return hold_usage(workspace_id, What.IMAGES)


def hold_usage(workspace_id: UUID, what: str) -> Usage:
    """Hold one usage row until the transaction ends; made if there is none."""
    rows = Usage.objects.filter(workspace=workspace_id, what=what)
    # `no_key`: an insert that refers to this row need not wait.
    held = rows.select_for_update(no_key=True).order_by("pk")
    found = held.first()
    if found is None:
        made = Usage(workspace_id=workspace_id, what=what)
        # Two may find none at once: the constraint lets one row in, and both read that under a
        # lock.
        Usage.objects.bulk_create([made], ignore_conflicts=True)
        found = held.get()
    return found


def count_on(usage: Usage, *, count: int, size: int) -> None:
    """Write down that so many came (or went, below 0); call it while the row is held."""
    if count or size:
        rows = Usage.objects.filter(pk=usage.pk)
        # Relative: the numbers of `usage` in memory may be ahead of the row, see `Room.take`.
        rows.update(count=F("count") + count, size=F("size") + size)


def find_room(workspace: Workspace) -> Room | None:
    """Return what room there is now, which nobody holds; None without a quota."""
    if not settings.LIKEWISE_QUOTA_IMAGES and not settings.LIKEWISE_QUOTA_BYTES:
        return None
    found = Usage.objects.filter(workspace=workspace, what=What.IMAGES).first()
    return Room(found or Usage(workspace=workspace, what=What.IMAGES))


def is_full(workspace: Workspace) -> bool:
    """Say whether no further image fits; asked before work that would be in vain, and not held."""
    room = find_room(workspace)
    return room is not None and not room.takes(1)


def count_named(workspace_id: UUID, parts: Iterable[UploadPart]) -> None:
    """Count files that are going to be sent; call it last in the transaction that names them.

    What waits may take as much as the quota of bytes, beside the images: originals are larger
    than what is stored of them. Raises `QuotaReached`.
    """
    sizes = [part.size for part in parts if part.path]
    if not sizes:
        return
    # Asked last, since every sender of the workspace waits for this row until the commit.
    usage, most = hold_usage(workspace_id, What.UPLOADS), settings.LIKEWISE_QUOTA_BYTES
    if most and usage.size + sum(sizes) > most:
        raise uploads_refusal()
    count_on(usage, count=len(sizes), size=sum(sizes))


@transaction.atomic
def let_go(workspace_id: UUID, parts: QuerySet[UploadPart]) -> int:
    """Take what was uploaded of files off the count: nothing more arrives for them.

    Their rows stay, without a path; what is removed after this stays removed. Returns how many
    had one until now.
    """
    stored = parts.exclude(path="").order_by("pk")
    # Locked without a join, so that PostgreSQL checks a part again that another process let go.
    held = dict(stored.select_for_update(of=("self",)).values_list("pk", "size"))
    ids = list(held)
    for first in range(0, len(ids), PARTS_AT_ONCE):
        UploadPart.objects.filter(pk__in=ids[first : first + PARTS_AT_ONCE]).update(path="")
    if held:
        usage = hold_usage(workspace_id, What.UPLOADS)
        count_on(usage, count=-len(held), size=-sum(held.values()))
    return len(held)
