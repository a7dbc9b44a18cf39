"""Create, change and delete regions: boxes on images, which the API calls objects."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from accounts.journal import record, values_of
from accounts.models import User
from accounts.verbs import Verb
from dashboard.models import Image, Label, Region
from dashboard.services.errors import BoxOutside
from dashboard.services.journal.payloads import MOST_ROWS, Lost, Pairs, with_lost
from dashboard.services.library.members import leave_all_groups
from dashboard.services.row_locks import lock_all

FIELDS = ("image", "label", "left", "top", "right", "bottom", "meta_data")


class Box(NamedTuple):
    """A box in pixels of the stored image; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@transaction.atomic
def create_region(
    *, image: Image, label: Label, box: Box, meta_data: dict[str, Any] | None = None, actor: User
) -> Region:
    """Create a region on an image. Raises `BoxOutside`."""
    image, label = _held(image, label)
    _refuse_outside(box, image)
    region = Region.objects.create(
        workspace=image.workspace,
        image=image,
        label=label,
        meta_data=meta_data or {},
        **box._asdict(),
    )
    _tell(Verb.CREATED, region, actor)
    return region


@transaction.atomic
def change_region(*, region: Region, changes: dict[str, Any], actor: User) -> Region:
    """Set any of `image`, `label`, `box` and `meta_data`, which is replaced as a whole.

    Raises `BoxOutside`; then nothing is changed.
    """
    image, label = _held(changes.get("image", region.image), changes.get("label", region.label))
    rows = Region.objects.select_related("workspace", "label")
    row = rows.select_for_update(of=("self",), no_key=True).get(pk=region.pk)
    box = changes.get("box", Box(row.left, row.top, row.right, row.bottom))
    if "box" in changes or row.image_id != image.pk:
        _refuse_outside(box, image)
    was = values_of(row, FIELDS)
    for name, value in box._asdict().items():
        setattr(row, name, value)
    row.image, row.label = image, label
    row.meta_data = changes.get("meta_data", row.meta_data)
    if changes:
        row.save()
        _tell(Verb.CHANGED, row, actor, was, values_of(row, FIELDS), fields=sorted(changes))
    return row


@transaction.atomic
def delete_region(*, region: Region, actor: User) -> None:
    """Delete a region; its image is kept."""
    rows = Region.objects.select_related("workspace", "label")
    row = rows.select_for_update(of=("self",)).get(pk=region.pk)
    lost = discard_regions(Region.objects.filter(pk=row.pk))
    lost.objects = []  # its own values stand beside
    _tell(Verb.DELETED, row, actor, with_lost(values_of(row, FIELDS), lost))


def discard_regions(regions: QuerySet[Region]) -> Lost:
    """Delete regions and their memberships; return them. Call it in a transaction."""
    held = lock_all(regions)
    left = leave_all_groups(images=[], regions=held)
    Region.objects.filter(pk__in=[region.pk for region in held]).delete()
    return lost_regions(held, left)


def lost_regions(regions: Sequence[Region], left: tuple[Pairs, Pairs]) -> Lost:
    """Return the values of deleted regions, and what `leave_all_groups` has returned."""
    lost = Lost()
    kept = regions[: MOST_ROWS + 1]  # one more tells that there are too many
    lost.keep("objects", [values_of(region, ("id", *FIELDS)) for region in kept])
    lost.link("groups", left[0])
    lost.link("object_groups", left[1])
    return lost


def _held(image: Image, label: Label) -> tuple[Image, Label]:
    """Return image and label as they are now, locked. Raises `DoesNotExist` if one was deleted."""
    images = Image.objects.present().select_related("workspace")
    # Images before labels, see `row_locks`; locked, so that no region is created on a deleted
    # image.
    kept = images.select_for_update(of=("self",), no_key=True).get(pk=image.pk)
    labels = Label.objects.select_for_update(no_key=True)
    return kept, labels.get(pk=label.pk)


def _refuse_outside(box: Box, image: Image) -> None:
    fits_across = 0 <= box.left < box.right <= image.width
    if not fits_across or not 0 <= box.top < box.bottom <= image.height:
        raise BoxOutside(box, image)


def _tell(
    verb: Verb,
    region: Region,
    actor: User,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    **details: Any,
) -> None:
    record(
        workspace=region.workspace,
        verb=verb,
        noun="object",
        target_id=region.id,
        target_name=region.label.name,
        details=details,
        before=was,
        after=now,
        actor=actor,
    )
