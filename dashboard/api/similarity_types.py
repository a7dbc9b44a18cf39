"""`/similarity/training/v2/type`."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import NewType, type_json
from dashboard.models import SimilarityType
from dashboard.queries.similarity_types import types_in
from dashboard.services.similarity_types import create_type


class Types(ApiView):
    """The similarity types of a workspace."""

    def get(self, request: Request) -> Response:
        """List them."""
        rows = types_in(workspace_for(request, "workspace.view"))
        return self.answer_list(rows, lambda page: map(type_json, page))

    def post(self, request: Request) -> Response:
        """Create one."""
        workspace = workspace_for(request, "types.add")
        row = create_type(workspace=workspace, **self.read(NewType), actor=self.user)
        return Response(type_json(row), status=201)


class Type(ApiView):
    """One similarity type."""

    def get(self, request: Request, type_id: UUID) -> Response:  # noqa: ARG002
        """Read it."""
        return Response(
            type_json(self.find(SimilarityType.objects.all(), type_id, "workspace.view"))
        )
