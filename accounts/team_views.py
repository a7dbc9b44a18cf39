"""Show a workspace's members, and let admins change them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import check, is_allowed, permissions, requires
from accounts.errors import AccountError
from accounts.forms import ROLES, InvitationForm, RoleForm
from accounts.http import WorkspaceRequest
from accounts.mail import invitation_link, send_invitation
from accounts.models import Membership, Role
from accounts.queries import members_of, open_invitations
from accounts.team import (
    change_role,
    hand_over,
    invite_member,
    remove_member,
    withdraw_invitation,
)
from accounts.words import either


@never_cache
@require_safe
@requires("workspace.view")
def members(request: WorkspaceRequest) -> HttpResponse:
    """Show the members of the workspace, and what each role may do."""
    return _members_page(request)


@require_POST
@requires("members.manage")
def member_role(request: WorkspaceRequest, membership_id: UUID) -> HttpResponse:
    """Change a member's role."""
    member = _member(request, membership_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _members_page(request, refusal="This role cannot be assigned.", status=422)
    role = form.cleaned_data["role"]
    try:
        change_role(membership=member, role=role, actor=request.user)
    except AccountError as refusal:
        return _members_page(request, refusal=str(refusal), status=422)
    messages.success(request, f"{member.user} is now {Role(role).label.lower()}.")
    return redirect("members")


@require_POST
@requires("workspace.view")
def member_remove(request: WorkspaceRequest, membership_id: UUID) -> HttpResponse:
    """Remove a member, as an admin, or leave, as anybody but the owner."""
    member = _member(request, membership_id)
    leaves = member.user_id == request.user.pk
    if not leaves:
        check(request.membership, "members.manage")
    try:
        tokens = remove_member(membership=member, actor=request.user)
    except AccountError as refusal:
        return _members_page(request, refusal=str(refusal), status=422)
    revoked = ""
    if tokens:
        revoked = either(
            tokens, " One API token no longer works.", f" {tokens:,} API tokens no longer work."
        )
    if not leaves:
        messages.success(request, f"{member.user} was removed.{revoked}")
        return redirect("members")
    messages.success(request, f"You left {member.workspace.name}.{revoked}")
    return redirect("home" if len(request.memberships) > 1 else "workspace-new")


@require_POST
@requires("workspace.hand_over")
def member_hand_over(request: WorkspaceRequest, membership_id: UUID) -> HttpResponse:
    """Make a member the owner and the user an admin."""
    member = _member(request, membership_id)
    try:
        hand_over(membership=member, actor=request.user)
    except AccountError as refusal:
        return _members_page(request, refusal=str(refusal), status=422)
    messages.success(
        request, f"You handed over the workspace to {member.user}. You are now an admin."
    )
    return redirect("members")


@never_cache
@require_POST
@requires("members.manage")
def invitation_new(request: WorkspaceRequest) -> HttpResponse:
    """Invite someone; the response is the only page that shows the link."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _members_page(request, form=form, status=422)
    try:
        made, secret = invite_member(
            workspace=request.workspace, **form.cleaned_data, actor=request.user
        )
    except AccountError as refusal:
        form.add_error("email", str(refusal))
        return _members_page(request, form=form, status=422)
    link = invitation_link(secret)
    sent = send_invitation(made, link)
    return _members_page(request, new_link=link, invited=made, sent=sent)


@require_POST
@requires("members.manage")
def invitation_withdraw(request: WorkspaceRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an open invitation."""
    found = get_object_or_404(open_invitations(request.workspace), pk=invitation_id)
    withdraw_invitation(invitation=found, actor=request.user)
    messages.success(request, f"The invitation for {found.email} was withdrawn.")
    return redirect("members")


def _member(request: WorkspaceRequest, membership_id: UUID) -> Membership:
    return get_object_or_404(members_of(request.workspace), pk=membership_id)


def _members_page(
    request: WorkspaceRequest,
    *,
    form: InvitationForm | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    role = request.membership.role if request.membership else ""
    can_manage = is_allowed(role, "members.manage")
    context |= {
        "members": members_of(request.workspace),
        "roles": Role.choices,
        "given_roles": ROLES,
        "permissions": permissions(),
        "can_manage": can_manage,
        "can_hand_over": is_allowed(role, "workspace.hand_over"),
    }
    if can_manage:
        context["form"] = form or InvitationForm()
        context["invitations"] = open_invitations(request.workspace)
    return render(request, "accounts/members.html", context, status=status)
