"""Serve `/detection/v2/label`."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.library.region_shapes import LabelFields, label_json
from dashboard.api.lists import Listing
from dashboard.api.parameters import flag
from dashboard.api.permissions import workspace_for
from dashboard.models import Label
from dashboard.queries.library.labels import get_label, labels_in
from dashboard.services.library.labels import change_label, create_label, delete_label


class Labels(ApiView):
    """The labels of a workspace."""

    def get(self, request: Request) -> Response:
        """List them."""
        rows = labels_in(workspace_for(request, "workspace.view"))
        return Response(Listing(rows, lambda page: map(label_json, page)).answer(request))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "objects.change")
        row = create_label(workspace=workspace, fields=self.read(LabelFields), actor=self.user)
        return Response(label_json(row), status=201)


class OneLabel(ApiView):
    """One label."""

    def get(self, request: Request, label_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(label_json(self._find(label_id, "workspace.view")))

    def patch(self, request: Request, label_id: UUID) -> Response:  # noqa: ARG002
        """Change the given fields."""
        label = self._find(label_id, "objects.change")
        changes = self.read(LabelFields, partial=True)
        return Response(label_json(change_label(label=label, changes=changes, actor=self.user)))

    put = patch

    def delete(self, request: Request, label_id: UUID) -> Response:
        """Delete it; with `force=true` its objects as well."""
        label = self._find(label_id, "objects.change")
        delete_label(label=label, force=flag(request, "force") or False, actor=self.user)
        return Response(status=204)

    def _find(self, label_id: UUID, action: str) -> Label:
        return self.find(Label, get_label, label_id, action)
