"""Serve `/similarity/training/v2/type`."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.lists import Listing
from dashboard.api.parameters import flag
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import TypeFields, type_json
from dashboard.models import SimilarityType
from dashboard.queries.library.similarity_types import get_type, types_in
from dashboard.services.library.similarity_types import change_type, create_type, delete_type


class Types(ApiView):
    """The similarity types of a workspace."""

    def get(self, request: Request) -> Response:
        """List them."""
        rows = types_in(workspace_for(request, "workspace.view"))
        return Response(Listing(rows, lambda page: map(type_json, page)).answer(request))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "types.add")
        values = {"exclusive": False} | self.read(TypeFields)
        row = create_type(workspace=workspace, **values, actor=self.user)
        return Response(type_json(row), status=201)


class OneType(ApiView):
    """One similarity type."""

    def get(self, request: Request, type_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(type_json(self._find(type_id, "workspace.view")))

    def patch(self, request: Request, type_id: UUID) -> Response:  # noqa: ARG002
        """Change the given fields."""
        kind = self._find(type_id, "types.change")
        changes = self.read(TypeFields, partial=True)
        row = change_type(similarity_type=kind, changes=changes, actor=self.user)
        return Response(type_json(row))

    put = patch

    def delete(self, request: Request, type_id: UUID) -> Response:
        """Delete it; with `force=true` its groups as well."""
        kind = self._find(type_id, "types.delete")
        force = flag(request, "force") or False
        delete_type(similarity_type=kind, force=force, actor=self.user)
        return Response(status=204)

    def _find(self, type_id: UUID, action: str) -> SimilarityType:
        return self.find(SimilarityType, get_type, type_id, action)
