"""Show tasks: their types, whether there is enough data, and their versions."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard.forms.finding import NameSearch
from dashboard.forms.tasks import TaskForm, TaskTypeForm
from dashboard.models import Task
from dashboard.queries.jobs.jobs import job_about
from dashboard.queries.pages import page
from dashboard.queries.training.encoders import key_for, name_of
from dashboard.queries.training.readiness import GOOD_GROUPS, readiness
from dashboard.queries.training.tasks import find_tasks, get_task, tasks_in
from dashboard.queries.training.versions import find_running, newest_versions, versions_of
from dashboard.services.errors import Refused
from dashboard.services.training.tasks import add_type, change_task, create_task, remove_type
from dashboard.services.training.training import start_training
from dashboard.views.jobs.progress import shown_if_any
from dashboard.views.listing import Listing, list_page
from dashboard.views.naming import check_name, is_taken
from dashboard.views.renaming import Named, rename
from dashboard.views.rendering import (
    damaged,
    form_page,
    may,
    missing_is_404,
    page_or_fragment,
    see_other,
    unusable,
    wants_fragment,
)
from dashboard.views.training.versions import version_rows

TASKS = Listing("task", "Tasks", "dashboard/training/tasks")
VERSIONS_SHOWN = 20


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def tasks(request: WorkspaceRequest) -> HttpResponse:
    """List the tasks, newest first, each with its newest version, or those whose name matches."""
    form = NameSearch(request.GET)
    if not form.is_valid():
        return damaged(request, unusable(form, "it was deleted"))
    search = form.cleaned_data["search"]
    found = page(find_tasks(request.workspace, search), request.GET.get("cursor", ""))
    newest = newest_versions(found.rows)
    return list_page(
        request,
        TASKS,
        [{"task": task, "version": newest.get(task.pk)} for task in found.rows],
        found.next,
        search=search,
        can_add=may(request, "tasks.add"),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires("tasks.add")
def task_new(request: WorkspaceRequest) -> HttpResponse:
    """Create a task."""
    form = TaskForm(request.POST if request.method == "POST" else None, workspace=request.workspace)
    if not form.is_valid() or is_taken("task", tasks_in(request.workspace), form):
        return _form_page(request, form, "New task", resolve_url("tasks"))
    made = create_task(workspace=request.workspace, **form.cleaned_data, actor=request.user)
    messages.success(request, f"The task “{made.name}” was created. Now add its similarity types.")
    return see_other("task", made.pk)


def _form_page(
    request: WorkspaceRequest, form: TaskForm, title: str, cancel_url: str
) -> HttpResponse:
    return form_page(request, form, title, under="Tasks", cancel_url=cancel_url)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("tasks.change")
@missing_is_404
def task_change(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Rename a task or change its description; htmx renames it in the title."""
    shown = get_task(request.workspace, task_id)
    here = resolve_url("task", shown.pk)
    if wants_fragment(request):
        return rename(
            request, Named("task", shown.name, here, request.path), partial(_rename, request, shown)
        )
    initial = {"name": shown.name, "description": shown.description, "encoder": shown.encoder}
    data = request.POST if request.method == "POST" else None
    form = TaskForm(data, workspace=request.workspace, initial=initial)
    if not form.is_valid() or is_taken("task", tasks_in(request.workspace), form, but=shown):
        return _form_page(request, form, "Name, description and encoder", here)
    change_task(task=shown, changes=form.cleaned_data, actor=request.user)
    messages.success(request, "Saved.")
    return see_other(here)


def _rename(request: WorkspaceRequest, shown: Task, name: str) -> None:
    check_name("task", tasks_in(request.workspace), name, but=shown)
    change_task(task=shown, changes={"name": name}, actor=request.user)


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def task(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Show a task: its types, whether it can be trained, the training, and all versions."""
    shown = get_task(request.workspace, task_id)
    cursor = request.GET.get("cursor", "")
    found = page(versions_of(shown).select_related("created_by"), cursor, VERSIONS_SHOWN)
    context = {
        "task": shown,
        "rows": version_rows(request.workspace, found.rows),
        "next": found.next,
        "can_delete": may(request, "tasks.delete"),
    }
    shown.workspace = request.workspace  # already known: no query for it
    # More rows of the table need neither types nor readiness, which are the costly part.
    if not (cursor and wants_fragment(request)):
        context |= _types_of(request, shown) | _training_of(request, shown)
    fragment = "rows" if cursor else "training"
    return page_or_fragment(request, "dashboard/training/tasks/task.html", fragment, context)


def _types_of(request: WorkspaceRequest, shown: Task) -> dict[str, Any]:
    types = readiness(shown)
    return {
        "types": types,
        "is_ready": bool(types) and all(one.is_ready for one in types),
        "good_groups": GOOD_GROUPS,
        "form": TaskTypeForm(workspace=request.workspace, leave_out=shown),
        "can_change": may(request, "tasks.change"),
        "can_train": may(request, "tasks.train"),
        "encoder": name_of(key_for(shown)),
    }


def _training_of(request: WorkspaceRequest, shown: Task) -> dict[str, Any]:
    running = find_running(shown)
    job = job_about(request.workspace, running.pk) if running else None
    progress = shown_if_any(job, request.membership)
    return {"running": running, "job": job, "progress": progress}


@require_POST
@requires("tasks.change")
@missing_is_404
def task_types(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Attach a type to a task."""
    return _change_types(
        request, task_id, add_type, "The type “{}” was added. It is used from the next training on."
    )


@require_POST
@requires("tasks.change")
@missing_is_404
def task_type_remove(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Detach a type from a task; its groups and the trained versions are kept."""
    return _change_types(
        request,
        task_id,
        remove_type,
        "The type “{}” was removed. Its groups and older versions stay.",
    )


def _change_types(
    request: WorkspaceRequest, task_id: UUID, change: Callable[..., bool], sentence: str
) -> HttpResponse:
    """Apply `change` to a task with the chosen type; `sentence` says what it did."""
    shown = get_task(request.workspace, task_id)
    form = TaskTypeForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        messages.error(request, str(form.errors["similarity_type"][0]))
    elif change(
        task=shown,
        similarity_type=(chosen := form.cleaned_data["similarity_type"]),
        actor=request.user,
    ):
        messages.success(request, sentence.format(chosen))
    return see_other("task", shown.pk)


@require_POST
@requires("tasks.train")
@missing_is_404
def task_train(request: WorkspaceRequest, task_id: UUID) -> HttpResponse:
    """Start the training of the next version."""
    shown = get_task(request.workspace, task_id)
    try:
        version, _ = start_training(task=shown, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The training of version {version.number} has started.")
    return see_other("task", shown.pk)
