"""Show and change your own second factor, and whether a workspace requires one."""

import base64
from typing import Any

from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import lacks_second_factor, requires, signed_in
from accounts.account_forms import ConfirmedForm, RequireForm, SecondFactorForm
from accounts.errors import AccountError
from accounts.http import WorkspaceRequest
from accounts.models import Membership
from accounts.notices import tell
from accounts.queries import PRIVILEGED, has_second_factor, recovery_codes_left
from accounts.second_factors import (
    open_secret,
    renew_codes,
    require_second_factors,
    seal_new_secret,
    turn_off,
    turn_on,
)
from accounts.sessions import end_sessions, remember


@never_cache
@require_safe
@signed_in
def second_factor(request: WorkspaceRequest) -> HttpResponse:
    """Show whether there is a second factor, with links to change it."""
    is_on = has_second_factor(request.user)
    context = {"is_on": is_on, "codes_left": recovery_codes_left(request.user) if is_on else 0}
    return render(request, "accounts/second_factor.html", context)


@sensitive_post_parameters("current", "code", "sealed")
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def second_factor_new(request: WorkspaceRequest) -> HttpResponse:
    """Show a new secret, and accept the first code of the app that has it."""
    if has_second_factor(request.user):
        return redirect("second-factor")
    if request.method != "POST":
        sealed = seal_new_secret(request.user)
        return _set_up_page(request, SecondFactorForm(request=request, initial={"sealed": sealed}))
    form = SecondFactorForm(request.POST, request=request)
    if not form.is_valid():
        return _set_up_page(request, form)
    try:
        secret = open_secret(request.user, form.cleaned_data["sealed"])
        made, codes = turn_on(secret=secret, code=form.cleaned_data["code"], actor=request.user)
    except AccountError as refusal:
        form.add_error("code", str(refusal))
        return _set_up_page(request, form)
    # A session that was opened with only a password must not continue.
    request.session.cycle_key()
    end_sessions(user=request.user, but=request.session.session_key)
    remember(request, request.user)
    signals.authenticator_added.send(
        sender=Authenticator, request=request, user=request.user, authenticator=made
    )
    tell(request, request.user.email, "Your second factor is on", "second_factor_on")
    return _codes_page(request, codes, is_new=True)


@sensitive_post_parameters("current")
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def second_factor_off(request: WorkspaceRequest) -> HttpResponse:
    """Turn off the second factor."""
    if not has_second_factor(request.user):
        return redirect("second-factor")
    form = ConfirmedForm(request.POST or None, request=request)
    if not form.is_valid():
        wanting = [one for one in request.memberships if _wants(one)]
        return _confirm_page(request, "accounts/second_factor_off.html", form, wanting=wanting)
    for gone in turn_off(user=request.user):
        signals.authenticator_removed.send(
            sender=Authenticator, request=request, user=request.user, authenticator=gone
        )
    tell(request, request.user.email, "Your second factor is off", "second_factor_off")
    messages.success(request, "Your second factor is off: your password is enough to sign in.")
    return redirect("second-factor")


@sensitive_post_parameters("current")
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def recovery_codes_new(request: WorkspaceRequest) -> HttpResponse:
    """Create new recovery codes; the response is the only page that shows them."""
    if not has_second_factor(request.user):
        return redirect("second-factor")
    form = ConfirmedForm(request.POST or None, request=request)
    if not form.is_valid():
        return _confirm_page(request, "accounts/recovery_codes_new.html", form)
    made, codes = renew_codes(actor=request.user)
    signals.authenticator_reset.send(
        sender=Authenticator, request=request, user=request.user, authenticator=made
    )
    tell(request, request.user.email, "You have new recovery codes", "recovery_codes_new")
    return _codes_page(request, codes, is_new=False)


@require_POST
@requires("workspace.protect")
def workspace_second_factor(request: WorkspaceRequest) -> HttpResponse:
    """Require a second factor of the workspace's admins and owners, or no longer."""
    form = RequireForm(request.POST)
    required = form.is_valid() and form.cleaned_data["required"]
    try:
        require_second_factors(workspace=request.workspace, required=required, actor=request.user)
    except AccountError as refusal:
        messages.error(request, f"{refusal} Set up yours first, then require it of others.")
        return redirect("second-factor-new")
    messages.success(
        request,
        "A second factor is now required of admins and owners here."
        if required
        else "A second factor is no longer required of admins and owners here.",
    )
    return redirect("settings")


def _wants(membership: Membership) -> bool:
    """Return whether the workspace would lock out this member without a second factor."""
    return membership.workspace.second_factor_required and membership.role in PRIVILEGED


def _set_up_page(request: WorkspaceRequest, form: SecondFactorForm) -> HttpResponse:
    """Show the form's secret as a QR code and as text; a damaged form gets a new one."""
    sealed = form.data.get("sealed") if form.is_bound else form.initial["sealed"]
    try:
        secret = open_secret(request.user, str(sealed))
    except AccountError:
        sealed = seal_new_secret(request.user)
        secret = open_secret(request.user, sealed)
        form.data = dict(form.data.items()) | {"sealed": sealed}
    adapter = get_adapter()
    # Drawn here: a service that draws it would learn the secret.
    picture = adapter.build_totp_svg(adapter.build_totp_url(request.user, secret))
    context = {
        "form": form,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": base64.b64encode(picture.encode()).decode(),
        "waiting": request.membership is not None and lacks_second_factor(request.membership),
        "next": _next(request),
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/second_factor_new.html", context, status=status)


# The file is in the page as a `data:` URL: no second request needs the codes, or stores them.
def _codes_page(request: WorkspaceRequest, codes: list[str], *, is_new: bool) -> HttpResponse:
    shown = [f"{code[:5]} {code[5:]}" for code in codes]
    text = "\n".join(["Likewise recovery codes. Each works once.", "", *shown, ""])
    context = {
        "codes": shown,
        "file": base64.b64encode(text.encode()).decode(),
        "is_new": is_new,
        "next": _next(request),
    }
    return render(request, "accounts/recovery_codes.html", context)


def _confirm_page(
    request: WorkspaceRequest, template: str, form: ConfirmedForm, **context: Any
) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form} | context, status=status)


def _next(request: WorkspaceRequest) -> str:
    """Return where the person wanted to go, if it is on this host."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    is_here = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if is_here else ""
