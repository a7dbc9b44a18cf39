"""`/similarity/training/v2/model`."""

from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import version_json
from dashboard.models import Version
from dashboard.queries.versions import versions_in


class Versions(ApiView):
    """The versions of a workspace's tasks."""

    def get(self, request: Request) -> Response:
        """List them, of one task if the query names it."""
        rows = versions_in(workspace_for(request, "workspace.view"))
        if named := request.query_params.get("task", ""):
            rows = rows.filter(task_id=_uuid(named, "task"))
        return self.answer_list(rows, lambda page: map(version_json, page))


class OneVersion(ApiView):
    """One version."""

    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Read it."""
        rows = Version.objects.select_related("task")
        return Response(version_json(self.find(rows, version_id, "workspace.view")))


def _uuid(text: str, name: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationError({name: [f"{text[:50]!r} is not an id."]}) from error
