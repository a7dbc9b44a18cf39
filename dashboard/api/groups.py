"""`/similarity/training/v2/group`."""

from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import Ids, NewGroup, group_json, images_json
from dashboard.models import Group
from dashboard.queries.groups import groups_in
from dashboard.queries.images import images_of_group
from dashboard.queries.similarity_types import types_in
from dashboard.services.groups import add_images, create_group, remove_images

MEMBERS_SHOWN = 1000


class Groups(ApiView):
    """The groups of a workspace."""

    def get(self, request: Request) -> Response:
        """List them."""
        rows = groups_in(workspace_for(request, "workspace.view"))
        return self.answer_list(rows, lambda page: map(group_json, page))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "groups.add")
        values = self.read(NewGroup)
        kind = types_in(workspace).filter(pk=values.pop("type")).first()
        if kind is None:
            raise ValidationError({"type": ["There is no such type in this workspace."]})
        row = create_group(similarity_type=kind, **values, actor=self.user)
        return Response(_whole(row, request), status=201)


class OneGroup(ApiView):
    """One group."""

    def get(self, request: Request, group_id: UUID) -> Response:
        """Read it with its members."""
        rows = Group.objects.select_related("similarity_type", "workspace")
        return Response(_whole(self.find(rows, group_id, "workspace.view"), request))


class GroupImages(ApiView):
    """The images of a group; `adds` says whether the address puts in or takes out."""

    adds = True

    def post(self, request: Request, group_id: UUID) -> Response:  # noqa: ARG002
        """Put images in or take them out, all or none."""
        rows = Group.objects.select_related("similarity_type", "workspace")
        group = self.find(rows, group_id, "groups.change")
        ids = self.read(Ids)["images"]
        if self.adds:
            placed = add_images(group=group, ids=ids, actor=self.user)
            return Response({"added": placed.added, "already": placed.already})
        removed, missing = remove_images(group=group, ids=ids, actor=self.user)
        return Response({"removed": removed, "missing": missing})


def _whole(row: Group, request: Request) -> dict[str, object]:
    images = images_of_group(row).order_by("-created", "-id")[:MEMBERS_SHOWN]
    return group_json(row) | {
        "images": images_json(images, request),
        "detection_objects": [],
        "groups": [],
    }
