"""Delete groups, types and tasks, after their pages have said what is deleted with them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import either
from dashboard.queries.library.groups import get_group
from dashboard.queries.library.similarity_types import get_type
from dashboard.queries.training.tasks import get_task
from dashboard.services.errors import Refused
from dashboard.services.library.groups import delete_group
from dashboard.services.library.similarity_types import delete_type
from dashboard.services.training.tasks import delete_task
from dashboard.views.rendering import missing_is_404, see_other


@require_POST
@requires("groups.delete")
@missing_is_404
def group_delete(request: WorkspaceRequest, group_id: UUID) -> HttpResponse:
    """Delete a group; its images are kept."""
    shown = get_group(request.workspace, group_id)
    delete_group(group=shown, actor=request.user)
    messages.success(request, f"The group “{shown}” was deleted. Its images stay.")
    return see_other("type", shown.similarity_type_id)


@require_POST
@requires("types.delete")
@missing_is_404
def type_delete(request: WorkspaceRequest, type_id: UUID) -> HttpResponse:
    """Delete a type with its groups; their images are kept."""
    shown = get_type(request.workspace, type_id)
    groups = delete_type(similarity_type=shown, force=True, actor=request.user)
    its = either(groups, "its group", f"its {groups:,} groups")
    gone = f"“{shown}” and {its} were" if groups else f"“{shown}” was"
    messages.success(request, f"{gone} deleted. The images stay.")
    return see_other("types")


@require_POST
@requires("tasks.delete")
@missing_is_404
def task_delete(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Delete a task with its versions; its types are kept."""
    shown = get_task(request.workspace, task_id)
    try:
        delete_task(task=shown, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return see_other("task", shown.pk)
    messages.success(request, f"The task “{shown}” and its versions were deleted.")
    return see_other("tasks")
