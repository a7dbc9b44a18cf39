"""Serve `/account/v2/workspace`."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User, Workspace
from accounts.queries import described_workspaces
from accounts.services import rename_workspace
from dashboard.api.base import ApiView
from dashboard.api.fields import OptionalText
from dashboard.api.lists import Listing
from dashboard.api.permissions import allow, refuse_key_that_reads
from dashboard.services.training.encoder_choice import check_encoder, choose_encoder
from dashboard.services.workspaces.workspaces import close_workspace, open_workspace

Json = dict[str, Any]


class NewWorkspaceFields(serializers.Serializer[Any]):
    """A workspace's name."""

    name = serializers.CharField(max_length=150)


class WorkspaceFields(NewWorkspaceFields):
    """A workspace's name and encoder. `encoder` is our addition to the contract."""

    encoder = OptionalText(
        max_length=100,
        help_text=(
            "Key of the encoder for tasks that name none. Empty: the server's default. Search "
            "uses it once a job has processed all images."
        ),
    )


class Workspaces(ApiView):
    """The workspaces of a user, whatever the token's own is."""

    def get(self, request: Request) -> Response:
        """List them."""
        listing = Listing(described_workspaces(self.user), lambda rows: map(_write, rows))
        return Response(listing.answer(request))

    def post(self, request: Request) -> Response:
        """Create one, which the user owns."""
        refuse_key_that_reads(request)
        row = open_workspace(**self.read(NewWorkspaceFields), actor=self.user)
        return Response(_one(row, self.user), status=201)


class OneWorkspace(ApiView):
    """One workspace, which the path names, whatever else is named."""

    def get(self, request: Request, workspace_id: UUID) -> Response:
        """Return it."""
        return Response(_one(allow(request, workspace_id, "workspace.view"), self.user))

    def patch(self, request: Request, workspace_id: UUID) -> Response:
        """Rename it, or choose its encoder."""
        row = allow(request, workspace_id, "workspace.change")
        changes = self.read(WorkspaceFields, partial=True)
        # Before the name is changed: each service is a transaction of its own.
        check_encoder(changes.get("encoder", ""))
        if "name" in changes:
            rename_workspace(workspace=row, name=changes["name"], actor=self.user)
        if "encoder" in changes:
            choose_encoder(workspace=row, key=changes["encoder"], actor=self.user)
        return Response(_one(row, self.user))

    put = patch

    def delete(self, request: Request, workspace_id: UUID) -> Response:
        """Close it, with everything in it."""
        row = allow(request, workspace_id, "workspace.delete")
        close_workspace(workspace=row, actor=self.user)
        return Response(status=204)


def _one(row: Workspace, user: User) -> Json:
    return _write(described_workspaces(user).get(pk=row.pk))


def _write(row: Any) -> Json:
    """Return one of `described_workspaces` as JSON."""
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner_id,
        "role": row.role,
        "members_count": row.members_count,
        "encoder": row.encoder,
        "created": row.created,
        "modified": row.modified,
    }
