"""Load, show and remove the demo."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.queries.uploads.demo import find_demo
from dashboard.services.errors import Refused
from dashboard.services.uploads.demo import demo_task, remove_demo, start_demo
from dashboard.views.library.group_cards import group_cards
from dashboard.views.rendering import may, see_other

GROUPS_SHOWN = 6


@never_cache
@require_safe
@requires("workspace.view")
def demo(request: WorkspaceRequest) -> HttpResponse:
    """Show what the demo created, with links, and offer to remove it."""
    found = find_demo(request.workspace)
    context = {
        "demo": found,
        "types": found.types() if found else [],
        "cards": group_cards(found.groups(GROUPS_SHOWN)) if found else [],
        "version": found.version() if found else None,
        "can_load": may(request, "tasks.add") and demo_task(request.workspace) is None,
        "can_remove": found is not None and may(request, "images.delete"),
    }
    return render(request, "dashboard/uploads/demo.html", context)


@require_POST
@requires("tasks.add")
def demo_load(request: WorkspaceRequest) -> HttpResponse:
    """Start a job that draws the demo."""
    try:
        job = start_demo(workspace=request.workspace, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return see_other("home")
    return see_other("job", job.id)


@require_POST
@requires("images.delete")
def demo_remove(request: WorkspaceRequest) -> HttpResponse:
    """Start a job that removes the demo."""
    try:
        job = remove_demo(workspace=request.workspace, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return see_other("demo")
    if job is not None:
        return see_other("job", job.id)
    messages.success(request, "The demo was removed.")
    return see_other("home")
