"""Read groups and their members."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from accounts.models import Workspace
from dashboard.models import Group, GroupImage, Image, SimilarityType
from dashboard.models.folded_names import folded
from dashboard.queries.names import beginning, holding

ROW = (
    "id",
    "name",
    "description",
    "meta_data",
    "test_group",
    "images_count",
    "regions_count",
    "groups_count",
    "verify_count",
    "similarity_type_id",
    "similarity_type__name",
    "created",
    "modified",
)


def groups_in(workspace: Workspace) -> QuerySet[Group]:
    """Return the workspace's groups with their types."""
    return Group.objects.in_workspace(workspace).select_related("similarity_type")


def get_group(workspace: Workspace, group_id: UUID) -> Group:
    """Return one group. Raises `Group.DoesNotExist`."""
    return groups_in(workspace).get(pk=group_id)


def group_rows(groups: QuerySet[Group]) -> QuerySet[Group, Any]:
    """Read groups as plain rows with the columns of `ROW`: models take twice the time."""
    return groups.values_list(*ROW, named=True)


def count_groups(workspace: Workspace, type_id: UUID | None = None) -> int:
    """Return the number of groups, of a type or of all, from the types' counters."""
    kinds = SimilarityType.objects.in_workspace(workspace)
    kinds = kinds if type_id is None else kinds.filter(pk=type_id)
    # Counters, because COUNT reads every row: 40 to 190 ms at a million, for each page of a list.
    return int(kinds.aggregate(count=Sum("groups_count", default=0))["count"])


def count_in_group(workspace: Workspace, group_id: UUID, counter: str) -> int:
    """Return one of a group's three counters; 0 if the group does not exist."""
    rows = Group.objects.in_workspace(workspace).filter(pk=group_id)
    return rows.values_list(counter, flat=True).first() or 0


def find_groups(
    workspace: Workspace, *, similarity_type: SimilarityType | None = None, name: str = ""
) -> QuerySet[Group]:
    """Return the groups of one type, or of any, whose name contains `name`, ignoring case."""
    rows = groups_in(workspace)
    if similarity_type is not None:
        rows = rows.filter(similarity_type=similarity_type)
    return holding(rows, "name", name) if name else rows


def groups_named(similarity_type: SimilarityType, name: str) -> QuerySet[Group]:
    """Return the groups of a type whose name is equal, see `folded`; the oldest first."""
    # No unique constraint ensures a single one: programs create groups with equal names, see
    # `Group`.
    rows = Group.objects.filter(similarity_type=similarity_type, folded_name=folded(name))
    return rows.select_related("similarity_type").order_by("created", "id")


def groups_to_fill(type_ids: Iterable[UUID], folded_names: Iterable[str]) -> QuerySet[Group]:
    """Return the groups with such names that can contain images; of equal ones the oldest last."""
    names = set(folded_names)
    rows = Group.objects.filter(similarity_type__in=type_ids, folded_name__in=names, groups_count=0)
    # The oldest last: callers build a dict by name, where the last one wins.
    return rows.order_by("-created", "-id")


def names_like(similarity_type: SimilarityType, text: str, limit: int = 10) -> list[str]:
    """Return names of a type's groups that contain a text, those that begin with it first."""
    rows = Group.objects.filter(similarity_type=similarity_type)
    # The index answers prefixes. Only if these are too few, names that contain the text are
    # searched.
    begun = beginning(rows, "folded_name", folded(text)).order_by("folded_name", "id")
    names = dict.fromkeys(begun.values_list("name", flat=True)[:limit])
    if len(names) < limit and text.strip():
        within = holding(rows, "name", text.strip()).order_by("-created", "-id")
        names |= dict.fromkeys(within.values_list("name", flat=True)[:limit])
    return list(names)[:limit]


def members_of(group: Group) -> QuerySet[GroupImage]:
    """Return the rows of the group's images, for `pages.page` by `image_created`, `image_id`."""
    rows = GroupImage.objects.filter(group=group, image__deleted__isnull=True)
    return rows.select_related("image")


def covers(groups: Iterable[Group], each: int = 4) -> dict[UUID, list[GroupImage]]:
    """Return up to `each` newest images of every group on a page, in two queries.

    Each cover is one lookup in the index of a group's images, however many the group has.
    """
    found: dict[UUID, list[GroupImage]] = {group.pk: [] for group in groups}
    members = GroupImage.objects.filter(group=OuterRef("pk"), image__deleted__isnull=True)
    newest = members.order_by("-image_created", "-image").values("pk")
    # Not a window function: that would number every member of every group on the page.
    places = {f"cover_{at}": Subquery(newest[at : at + 1]) for at in range(each)}
    rows = Group.objects.filter(pk__in=found).annotate(**places).values_list(*places)
    chosen = GroupImage.objects.filter(pk__in={pk for row in rows for pk in row if pk is not None})
    for member in chosen.select_related("image").order_by("-image_created", "-image"):
        found[member.group_id].append(member)
    return found


def groups_of_image(image: Image) -> QuerySet[Group]:
    """Return the image's groups with their types, sorted by the type's name."""
    rows = Group.objects.filter(image_rows__image=image).select_related("similarity_type")
    return rows.order_by("similarity_type__name", "name", "id")


def unknown_groups(workspace: Workspace, ids: Iterable[UUID]) -> set[UUID]:
    """Return the ids that are not groups of the workspace."""
    wanted = set(ids)
    return wanted - set(groups_in(workspace).filter(pk__in=wanted).values_list("pk", flat=True))
