"""Accept invitations.

The link has a secret, so its URL shows no page: it stores the invitation in the session and
redirects to a URL without the secret. No referrer, log line, `next=` or page can then reveal it. (A
page under the link itself, with the policy `no-referrer`, could not post: browsers then send
`Origin: null`, which Django refuses.)
"""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import (
    AccountError,
    AlreadyAMember,
    EmailTaken,
    InvitedElsewhere,
    NoSuchInvitation,
)
from accounts.forms import JoinForm
from accounts.middleware import SESSION_KEY
from accounts.models import Invitation, User
from accounts.queries import (
    get_invitation,
    get_invitation_by_secret,
    has_account,
    has_member,
)
from accounts.team import accept_invitation, join

NOTED = "invitation"


@never_cache
@require_safe
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Open a link: redirect to the page that accepts it, or say why it cannot be accepted."""
    try:
        found = get_invitation_by_secret(secret.rstrip("/"))
    except AccountError as refusal:
        response = _closed(request, refusal)
    else:
        # The id, not the secret: sessions are rows, which must not open invitations either.
        request.session[NOTED] = str(found.pk)
        response = redirect("invitation-answer")
    response["Referrer-Policy"] = "no-referrer"
    return response


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def invitation_answer(request: HttpRequest) -> HttpResponse:
    """Ask a person with an invitation to accept it: with their account, or with a new one."""
    noted = request.session.get(NOTED)
    if noted is None:
        return _closed(request, NoSuchInvitation())
    try:
        found = get_invitation(noted)
        if request.user.is_authenticated:
            return _with_account(request, found)
        return _with_new_account(request, found)
    except AlreadyAMember as refusal:
        messages.info(request, str(refusal))
        return redirect("home")
    except AccountError as refusal:
        return _closed(request, refusal)


def _with_account(request: HttpRequest, found: Invitation) -> HttpResponse:
    user = cast("User", request.user)
    if "switch" in request.POST:
        return _switch(request, found)
    member = has_member(found.workspace, user.email)
    context = {"invitation": found, "is_member": member}
    if not member and not found.is_for(user.email):
        return render(request, "accounts/invitation_elsewhere.html", context, status=403)
    if request.method != "POST":
        return render(request, "accounts/invitation.html", context)
    try:
        accept_invitation(invitation=found, actor=user)
    except InvitedElsewhere:  # the email address was changed a moment ago
        return render(request, "accounts/invitation_elsewhere.html", context, status=403)
    return _welcome(request, found)


def _switch(request: HttpRequest, found: Invitation) -> HttpResponse:
    """Sign out and keep the invitation open for the next account."""
    logout(request)
    request.session[NOTED] = str(found.pk)
    return redirect("invitation-answer")


def _with_new_account(request: HttpRequest, found: Invitation) -> HttpResponse:
    if has_account(found.email):
        return render(request, "accounts/invitation_sign_in.html", {"invitation": found})
    form = JoinForm(request.POST or None, email=found.email)
    context = {"invitation": found, "form": form}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "accounts/invitation_join.html", context, status=status)
    try:
        user = join(invitation=found, **form.cleaned_data)
    except EmailTaken:
        return render(request, "accounts/invitation_sign_in.html", {"invitation": found})
    # Signed in without asking for the password again: the account was just created with it.
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return _welcome(request, found)


def _welcome(request: HttpRequest, found: Invitation) -> HttpResponse:
    request.session.pop(NOTED, None)
    request.session[SESSION_KEY] = str(found.workspace_id)
    messages.success(request, f"Welcome to {found.workspace.name}.")
    return redirect("home")


def _closed(request: HttpRequest, refusal: AccountError) -> HttpResponse:
    status = 404 if isinstance(refusal, NoSuchInvitation) else 410
    context = {"sentence": str(refusal)}
    return render(request, "accounts/invitation_closed.html", context, status=status)
