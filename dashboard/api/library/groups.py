"""Serve `/similarity/training/v2/group`."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard.api.base import ApiView
from dashboard.api.library.region_shapes import RegionIds, regions_json
from dashboard.api.lists import NEWEST_FIRST, Listing
from dashboard.api.parameters import an_id, asked, conditions, flag, number, text
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import (
    GroupFields,
    GroupIds,
    GroupMarks,
    ImageIds,
    group_json,
    groups_json,
    images_json,
)
from dashboard.models import Group
from dashboard.queries.library.groups import (
    count_groups,
    count_in_group,
    get_group,
    group_rows,
    groups_in,
    members_of,
)
from dashboard.queries.library.nesting import groups_inside
from dashboard.queries.library.regions import regions_of_group
from dashboard.queries.library.similarity_types import types_in
from dashboard.services.library.groups import (
    add_images,
    add_regions,
    change_group,
    create_group,
    delete_group,
    mark_groups,
    remove_images,
    remove_regions,
)
from dashboard.services.library.members import Placed
from dashboard.services.library.nesting import add_groups, remove_groups

# The most that a page of a list has.
MEMBERS_SHOWN = 1000
FILTERS = {
    "type": (an_id, "similarity_type"),
    "type__name": (text, "similarity_type__name"),
    "image": (an_id, "image_rows__image"),
    "object": (an_id, "region_rows__region"),
    "group": (an_id, "child_rows__child"),
    "parent": (an_id, "parent_rows__parent"),
    "test": (flag, "test_group"),
    "min_images": (number, "images_count__gte"),
    "max_images": (number, "images_count__lte"),
}
EMPTY = Q(images_count=0, regions_count=0, groups_count=0)


class Groups(ApiView):
    """The groups of a workspace."""

    def get(self, request: Request) -> Response:
        """List those that match the query."""
        workspace = workspace_for(request, "workspace.view")
        rows = group_rows(_asked_for(request, groups_in(workspace)))
        write = partial(groups_json, workspace_id=workspace.id)
        listing = Listing(rows, write, counter=_counter(request, workspace))
        return Response(listing.answer(request))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "groups.add")
        values = _with_type(workspace, self.read(GroupFields))
        row = create_group(**values, actor=self.user)
        return Response(_whole(row, request), status=201)


class OneGroup(ApiView):
    """One group."""

    def get(self, request: Request, group_id: UUID) -> Response:
        """Return it with its members."""
        return Response(_whole(self._find(group_id, "workspace.view"), request))

    def patch(self, request: Request, group_id: UUID) -> Response:
        """Change the given fields."""
        group = self._find(group_id, "groups.change")
        changes = _with_type(group.workspace, self.read(GroupFields, partial=True))
        row = change_group(group=group, changes=changes, actor=self.user)
        return Response(_whole(row, request))

    put = patch

    def delete(self, request: Request, group_id: UUID) -> Response:  # noqa: ARG002
        """Delete it; its members are kept."""
        delete_group(group=self._find(group_id, "groups.delete"), actor=self.user)
        return Response(status=204)

    def _find(self, group_id: UUID, action: str) -> Group:
        return self.find(Group, get_group, group_id, action)


class GroupsMarks(ApiView):
    """The marks of many groups at once."""

    def post(self, request: Request) -> Response:
        """Set or remove the test mark, of all or of none."""
        workspace = workspace_for(request, "groups.change")
        values = self.read(GroupMarks)
        updated = mark_groups(
            workspace=workspace, ids=values["groups"], **values["marks"], actor=self.user
        )
        return Response({"updated": updated})


class _Members(ApiView):
    """The members of a group; `adds` says whether the URL adds or removes."""

    adds = True

    def change(self, group_id: UUID, shape: Any, put: Any, take: Any) -> Response:
        """Add the members in the body or remove them, all or none."""
        group = self.find(Group, get_group, group_id, "groups.change")
        (ids,) = self.read(shape).values()
        if self.adds:
            placed = put(group=group, ids=ids, actor=self.user)
            return Response({"added": placed.added, "already": placed.already})
        removed, missing = take(group=group, ids=ids, actor=self.user)
        return Response({"removed": removed, "missing": missing})


class GroupImages(_Members):
    """The images of a group."""

    def post(self, request: Request, group_id: UUID) -> Response:  # noqa: ARG002
        """Add images or remove them, all or none."""
        return self.change(group_id, ImageIds, add_images, remove_images)


class GroupRegions(_Members):
    """The objects of a group."""

    def post(self, request: Request, group_id: UUID) -> Response:  # noqa: ARG002
        """Add objects or remove them, all or none."""
        return self.change(group_id, RegionIds, add_regions, remove_regions)


class GroupGroups(_Members):
    """The groups of a group."""

    def post(self, request: Request, group_id: UUID) -> Response:  # noqa: ARG002
        """Add groups or remove them, all or none."""
        return self.change(group_id, GroupIds, _put_groups, remove_groups)


def _put_groups(**given: Any) -> Placed:
    added, already = add_groups(**given)
    return Placed(added, already)


def _asked_for(request: Request, rows: QuerySet[Group]) -> QuerySet[Group]:
    rows = rows.filter(conditions(request, FILTERS))
    empty = flag(request, "empty")
    return rows if empty is None else rows.filter(EMPTY if empty else ~EMPTY)


def _counter(request: Request, workspace: Workspace) -> Callable[[], int] | None:
    """Return the counter that has the number of matching groups, or None."""
    given = asked(request, (*FILTERS, "empty"))
    # Counters answer the usual queries; anything else is counted.
    if not given:
        return partial(count_groups, workspace)
    if given.keys() == {"type"}:
        return partial(count_groups, workspace, UUID(given["type"]))
    if given.keys() == {"parent"}:
        return partial(count_in_group, workspace, UUID(given["parent"]), "groups_count")
    return None


def _with_type(workspace: Workspace, values: dict[str, Any]) -> dict[str, Any]:
    """Replace the type's id by the type. Raises `ValidationError`."""
    if "type" not in values:
        return values
    # In the workspace: the id of another team's type is as unknown as any.
    kind = types_in(workspace).filter(pk=values.pop("type")).first()
    if kind is None:
        raise ValidationError({"type": ["This workspace has no such type."]})
    return values | {"similarity_type": kind}


def _whole(row: Group, request: Request) -> dict[str, object]:
    """Return a group with its newest members; filtered lists have the others."""
    members = members_of(row).order_by("-image_created", "-image")[:MEMBERS_SHOWN]
    regions = regions_of_group(row).order_by(*NEWEST_FIRST)[:MEMBERS_SHOWN]
    inside = groups_inside(row).order_by(*NEWEST_FIRST)[:MEMBERS_SHOWN]
    return group_json(row) | {
        "images": images_json([member.image for member in members], request),
        "detection_objects": regions_json(regions, request),
        "groups": [group_json(inner) for inner in inside],
    }
