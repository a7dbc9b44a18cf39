"""Show examples for shell and scripts, with the ids of this workspace."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.models import Workspace
from dashboard.queries.library.similarity_types import types_in
from dashboard.queries.training.tasks import tasks_in
from dashboard.queries.training.versions import find_default
from dashboard.views.search.snippets import KEY, curl_descriptor


@never_cache
@require_safe
@requires("workspace.view")
def connect(request: WorkspaceRequest) -> HttpResponse:
    """Show how a client calls this server."""
    context = {"url": settings.LIKEWISE_URL, "key": KEY, **_examples(request.workspace)}
    return render(request, "dashboard/search/connect/connect.html", context)


def _examples(workspace: Workspace) -> dict[str, Any]:
    """Return the newest things that the examples name; None for missing ones."""
    version = find_default(workspace)
    return {
        "version": version,
        "task": version.task if version else tasks_in(workspace).order_by("-created").first(),
        "similarity_type": types_in(workspace).order_by("-created").first(),
        "descriptor": curl_descriptor(version) if version else "",
    }
