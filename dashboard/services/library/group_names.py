"""Find and create groups by name: equal names are reported, and never made by accident.

Programs may create groups with equal names, as the API's contract allows: they call
`services.library.groups`.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from dashboard.models import Group, SimilarityType
from dashboard.models.folded_names import folded
from dashboard.queries.library.groups import groups_named
from dashboard.services.errors import NameTaken, SeveralOfThatName
from dashboard.services.library.groups import add_images, change_group, create_group
from dashboard.services.library.members import Placed, Taken

EQUAL_SHOWN = 20  # of groups with equal names, to choose one


@transaction.atomic
def group_images(
    *,
    similarity_type: SimilarityType,
    name: str,
    ids: Iterable[UUID],
    group: Group | None = None,
    taken: Taken = Taken.REFUSE,
    actor: User,
) -> tuple[Group, Placed]:
    """Add images to the type's group with an equal name, which is created if it does not exist.

    Raises the errors of `add_images`, and `SeveralOfThatName` unless `group` selects one; then
    nothing is changed.
    """
    group = group or find_named(similarity_type=similarity_type, name=name)
    if group is None:
        group = create_group(similarity_type=similarity_type, name=name, actor=actor)
    return group, add_images(group=group, ids=ids, taken=taken, actor=actor)


def find_named(*, similarity_type: SimilarityType, name: str) -> Group | None:
    """Return the group with an equal name, or None. Call it in a transaction: the type is locked.

    A group that contains groups is used only if no other has the name. Raises `SeveralOfThatName`.
    """
    SimilarityType.objects.select_for_update(no_key=True).get(pk=similarity_type.pk)
    equal = list(groups_named(similarity_type, name)[:EQUAL_SHOWN])
    # Images cannot be added to a group that contains groups, so it is hardly the intended one.
    fitting = [group for group in equal if not group.groups_count] or equal
    if len(fitting) > 1:
        raise SeveralOfThatName(fitting)
    return fitting[0] if fitting else None


@transaction.atomic
def create_named_group(*, similarity_type: SimilarityType, name: str, actor: User) -> Group:
    """Create a group whose name is equal to no other of its type. Raises `NameTaken`."""
    _refuse_equal(similarity_type, name)
    return create_group(similarity_type=similarity_type, name=name, actor=actor)


@transaction.atomic
def rename_group(*, group: Group, changes: dict[str, Any], actor: User) -> Group:
    """Change a group as `change_group` does, but raise `NameTaken` for an equal new name."""
    if folded(changes["name"]) != folded(group.name):
        _refuse_equal(group.similarity_type, changes["name"])
    return change_group(group=group, changes=changes, actor=actor)


def _refuse_equal(similarity_type: SimilarityType, name: str) -> None:
    """Lock the type, so that two people who enter the same name create one group."""
    SimilarityType.objects.select_for_update(no_key=True).get(pk=similarity_type.pk)
    equal = groups_named(similarity_type, name).first()
    if equal is not None:
        raise NameTaken("group", equal)
