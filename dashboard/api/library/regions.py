"""Serve `/detection/v2/object`: regions, which the API calls objects."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from dashboard.api.base import ApiView
from dashboard.api.library.region_shapes import RegionFields, regions_json
from dashboard.api.lists import Listing
from dashboard.api.parameters import an_id, asked, conditions
from dashboard.api.permissions import workspace_for
from dashboard.models import Region
from dashboard.queries.library.groups import count_in_group
from dashboard.queries.library.images import images_in
from dashboard.queries.library.labels import labels_in
from dashboard.queries.library.regions import get_region, regions_in
from dashboard.services.library.regions import Box, change_region, create_region, delete_region

FILTERS = {
    "image": (an_id, "image"),
    "detection_label": (an_id, "label"),
    "object_detection_label": (an_id, "label"),
    "group": (an_id, "group_rows__group"),
}


class Regions(ApiView):
    """The objects of a workspace."""

    def get(self, request: Request) -> Response:
        """List those that match the query."""
        workspace = workspace_for(request, "workspace.view")
        rows = _asked_for(request, regions_in(workspace))
        listing = Listing(
            rows,
            lambda page: regions_json(page, request),
            name="label__name",
            counter=_counter(request, workspace),
        )
        return Response(listing.answer(request))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "objects.change")
        values = _with_things(workspace, self.read(RegionFields))
        row = create_region(**values, actor=self.user)
        return Response(regions_json([row], request)[0], status=201)


class OneRegion(ApiView):
    """One object."""

    def get(self, request: Request, region_id: UUID) -> Response:
        """Return it."""
        return Response(regions_json([self._find(region_id, "workspace.view")], request)[0])

    def patch(self, request: Request, region_id: UUID) -> Response:
        """Change the given fields."""
        region = self._find(region_id, "objects.change")
        changes = _with_things(region.workspace, self.read(RegionFields, partial=True))
        row = change_region(region=region, changes=changes, actor=self.user)
        return Response(regions_json([row], request)[0])

    put = patch

    def delete(self, request: Request, region_id: UUID) -> Response:  # noqa: ARG002
        """Delete it; its image is kept."""
        delete_region(region=self._find(region_id, "objects.change"), actor=self.user)
        return Response(status=204)

    def _find(self, region_id: UUID, action: str) -> Region:
        return self.find(Region, get_region, region_id, action)


def _asked_for(request: Request, rows: QuerySet[Region]) -> QuerySet[Region]:
    # No object has a recognition label, so none has the requested one.
    if an_id(request, "object_labels") is not None:
        return rows.none()
    return rows.filter(conditions(request, FILTERS))


def _counter(request: Request, workspace: Workspace) -> Callable[[], int] | None:
    """Return the counter that has the number of matching objects, or None."""
    given = asked(request, FILTERS)
    if given.keys() != {"group"}:
        return None
    return partial(count_in_group, workspace, UUID(given["group"]), "regions_count")


def _with_things(workspace: Workspace, values: dict[str, Any]) -> dict[str, Any]:
    """Replace the references of image, label and box by their values. Raises `ValidationError`."""
    found = {"meta_data": values["meta_data"]} if "meta_data" in values else {}
    for field, name, rows in (
        ("image", "image", images_in(workspace)),
        ("detection_label", "label", labels_in(workspace)),
    ):
        if field in values:
            found[name] = rows.filter(pk=values[field]).first()
            if found[name] is None:
                raise ValidationError({field: [f"This workspace has no such {name}."]})
    if "data" in values:
        found["box"] = Box(*values["data"])
    return found
