"""Show and change the settings of a workspace; create and delete workspaces."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires
from accounts.account_forms import RequireForm
from accounts.errors import AccountError
from accounts.http import WorkspaceRequest
from accounts.middleware import SESSION_KEY
from accounts.queries import members_of, without_second_factor, workspaces_of
from accounts.services import rename_workspace
from accounts.sign_in import sign_in_first
from dashboard.files.store import room
from dashboard.forms.workspaces import (
    CloseWorkspaceForm,
    WorkspaceEncoderForm,
    WorkspaceNameForm,
)
from dashboard.queries.training.encoders import name_of, wanted_key
from dashboard.queries.workspaces.home import overview
from dashboard.queries.workspaces.usage import used
from dashboard.services.errors import NameTaken
from dashboard.services.training.encoder_choice import choose_encoder
from dashboard.services.workspaces.workspaces import close_workspace, open_workspace
from dashboard.views.naming import check_name
from dashboard.views.rendering import may, see_other


@never_cache
@require_safe
@requires("workspace.view")
def settings(request: WorkspaceRequest) -> HttpResponse:
    """Show the workspace's settings, with links to its members and API tokens."""
    return _settings_page(request)


@never_cache
@require_POST
@requires("workspace.change")
def workspace_rename(request: WorkspaceRequest) -> HttpResponse:
    """Rename the workspace."""
    form = WorkspaceNameForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, form=form, status=422)
    name = form.cleaned_data["name"]
    try:
        check_name("workspace", workspaces_of(request.user), name, but=request.workspace)
        rename_workspace(workspace=request.workspace, name=name, actor=request.user)
    except NameTaken as refusal:
        form.add_error("name", str(refusal))
        return _settings_page(request, form=form, status=422)
    messages.success(request, "Saved.")
    return see_other("settings")


@never_cache
@require_POST
@requires("workspace.change")
def workspace_encoder(request: WorkspaceRequest) -> HttpResponse:
    """Choose the encoder; a job computes all features before search uses it."""
    form = WorkspaceEncoderForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _settings_page(request, encoder_form=form, status=422)
    key = form.cleaned_data["encoder"]
    job = choose_encoder(workspace=request.workspace, key=key, actor=request.user)
    messages.success(request, "Saved.")
    return see_other("job", job.pk) if job else see_other("settings")


@never_cache
@require_http_methods(["GET", "POST"])
def workspace_new(request: WorkspaceRequest) -> HttpResponse:
    """Create a workspace and switch to it; also for users without one."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    form = WorkspaceNameForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "accounts/workspace_new.html", {"form": form}, status=status)
    name = form.cleaned_data["name"]
    try:
        check_name("workspace", workspaces_of(request.user), name)
        made = open_workspace(name=name, actor=request.user)
    except NameTaken as refusal:
        form.add_error("name", str(refusal))
        return render(request, "accounts/workspace_new.html", {"form": form}, status=422)
    except AccountError as refusal:
        form.add_error(None, str(refusal))
        return render(request, "accounts/workspace_new.html", {"form": form}, status=422)
    request.session[SESSION_KEY] = str(made.pk)
    messages.success(request, f"{made.name} is there, and you own it.")
    return see_other("home")


@never_cache
@require_POST
@requires("workspace.delete")
def workspace_delete(request: WorkspaceRequest) -> HttpResponse:
    """Close the workspace, once its name was entered; a job deletes its data."""
    closing = request.workspace
    form = CloseWorkspaceForm(request.POST, closing=closing)
    if not form.is_valid():
        return _settings_page(request, close_form=form, status=422)
    close_workspace(workspace=closing, actor=request.user)
    # Otherwise the next page would look for the workspace that was just closed.
    request.session.pop(SESSION_KEY, None)
    messages.success(
        request,
        f"{closing.name} is closed for everybody. All that is in it is being removed from this "
        "server.",
    )
    return see_other("home" if len(request.memberships) > 1 else "workspace-new")


def _settings_page(request: WorkspaceRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    workspace = request.workspace
    if may(request, "workspace.change"):
        context.setdefault("form", WorkspaceNameForm(initial={"name": workspace.name}))
        context.setdefault("encoder_form", WorkspaceEncoderForm(workspace=workspace))
    else:
        context["encoder_name"] = name_of(wanted_key(workspace))
    if may(request, "workspace.protect"):
        context["factor_form"] = RequireForm(initial={"required": workspace.second_factor_required})
        context["lacking"] = without_second_factor(workspace)
        context["has_second_factor"] = request.user not in context["lacking"]
    if may(request, "workspace.delete"):
        context.setdefault("close_form", CloseWorkspaceForm(closing=workspace))
        context["losses"] = overview(workspace)
    context["used"] = used(workspace)
    if request.user.is_staff:
        context["disk"] = room.state()
    context["members_count"] = members_of(workspace).count()
    return render(request, "accounts/settings.html", context, status=status)
