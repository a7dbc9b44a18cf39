"""Show and change your own API tokens, and switch workspaces."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import is_allowed, requires
from accounts.forms import TokenForm, WorkspaceForm
from accounts.http import WorkspaceRequest
from accounts.middleware import SESSION_KEY
from accounts.queries import revocable_tokens, tokens_of, tokens_of_others
from accounts.services import issue_token, revoke_token


@never_cache
@require_http_methods(["GET", "POST"])
@requires("tokens.own")
def tokens(request: WorkspaceRequest) -> HttpResponse:
    """List the user's API tokens and create one; only the response to that shows it.

    A person who may manage all tokens also sees those that others have for this workspace.
    """
    form = TokenForm(
        request.POST or None, user=request.user, initial={"workspace": request.workspace}
    )
    if request.method != "POST":
        return _tokens_page(request, form=form)
    if not form.is_valid():
        return _tokens_page(request, form=form, status=422)
    _, key = issue_token(**form.cleaned_data, actor=request.user)
    fresh = TokenForm(user=request.user, initial={"workspace": request.workspace})
    return _tokens_page(request, form=fresh, new_key=key)


@require_POST
@requires("tokens.own")
def token_revoke(request: WorkspaceRequest, token_id: UUID) -> HttpResponse:
    """Revoke one of the user's API tokens or, as an admin, any of the workspace."""
    workspace = request.workspace if _manages_all(request) else None
    token = get_object_or_404(revocable_tokens(request.user, workspace), pk=token_id)
    revoke_token(token=token, actor=request.user)
    messages.success(request, f"The token “{token.name}” was revoked.")
    return redirect("tokens")


@require_POST
@requires("workspace.view", second_factor=False)  # the way out of a workspace that requires one
def workspace_switch(request: WorkspaceRequest) -> HttpResponse:
    """Switch to another of the user's workspaces."""
    form = WorkspaceForm(request.POST, user=request.user)
    if not form.is_valid():
        raise Http404("This workspace does not exist.")
    request.session[SESSION_KEY] = str(form.cleaned_data["workspace"].pk)
    return redirect("home")


def _tokens_page(request: WorkspaceRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    context["tokens"] = tokens_of(request.user)
    context["sees_all"] = _manages_all(request)
    if context["sees_all"]:
        context["tokens_of_others"] = tokens_of_others(request.workspace, request.user)
    return render(request, "accounts/tokens.html", context, status=status)


def _manages_all(request: WorkspaceRequest) -> bool:
    return request.membership is not None and is_allowed(request.membership.role, "tokens.all")
