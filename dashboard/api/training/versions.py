"""Serve `/similarity/training/v2/model`."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.lists import Listing
from dashboard.api.parameters import an_id, conditions
from dashboard.api.permissions import workspace_for
from dashboard.api.shapes import VersionFields, version_json
from dashboard.models import Version
from dashboard.queries.training.versions import get_version, versions_in
from dashboard.services.training.versions import delete_version, set_production

FILTERS = {"task": (an_id, "task")}


class Versions(ApiView):
    """The versions of a workspace's tasks."""

    def get(self, request: Request) -> Response:
        """List them, of one task if the query names it."""
        rows = versions_in(workspace_for(request, "workspace.view"))
        rows = rows.filter(conditions(request, FILTERS))
        listing = Listing(rows, lambda page: map(version_json, page), name="task__name")
        return Response(listing.answer(request))


class OneVersion(ApiView):
    """One version."""

    def get(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Return it."""
        return Response(version_json(self._find(version_id, "workspace.view")))

    def patch(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Make it its task's production version, or withdraw it."""
        version = self._find(version_id, "versions.produce")
        changes = self.read(VersionFields, partial=True)
        if "production" in changes:
            set_production(version=version, **changes, actor=self.user)
        return Response(version_json(version))

    def delete(self, request: Request, version_id: UUID) -> Response:  # noqa: ARG002
        """Delete it."""
        delete_version(version=self._find(version_id, "versions.delete"), actor=self.user)
        return Response(status=204)

    def _find(self, version_id: UUID, action: str) -> Version:
        return self.find(Version, get_version, version_id, action)
