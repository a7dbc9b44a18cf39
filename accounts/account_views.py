"""Show and change your own account: name, email address, password."""

from typing import Any

from allauth.account import signals
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from accounts.account import (
    ask_for_email,
    confirm_email,
    forget_email_change,
    rename_user,
    set_password,
)
from accounts.account_forms import EmailForm, NameForm, PasswordForm
from accounts.errors import AccountError
from accounts.http import WorkspaceRequest
from accounts.models import User
from accounts.notices import email_change_link, tell
from accounts.queries import (
    find_email_change,
    get_email_change,
    has_account,
    has_second_factor,
    working_tokens,
)
from accounts.sessions import end_sessions, remember, sessions_of
from accounts.words import either


@never_cache
@require_safe
@signed_in
def account(request: WorkspaceRequest) -> HttpResponse:
    """Show the account, and links to change it."""
    return _account_page(request)


@require_POST
@signed_in
def account_name(request: WorkspaceRequest) -> HttpResponse:
    """Change the name that pages show."""
    form = NameForm(request.POST)
    if not form.is_valid():
        return _account_page(request, form=form, status=422)
    rename_user(name=form.cleaned_data["name"], actor=request.user)
    messages.success(request, "Saved.")
    return redirect("account")


@sensitive_post_parameters("current")
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def account_email(request: WorkspaceRequest) -> HttpResponse:
    """Request another email address; it takes effect when the link sent there is opened."""
    form = EmailForm(request.POST or None, request=request)
    if not form.is_valid():
        context = {"form": form, "waiting": find_email_change(request.user)}
        return render(
            request, "accounts/account_email.html", context, status=422 if form.is_bound else 200
        )
    email = form.cleaned_data["email"]
    _send_link(request, email, ask_for_email(email=email, actor=request.user))
    tell(
        request,
        request.user.email,
        "Someone wants to change your email address",
        "email_asked",
        new=email,
    )
    messages.success(
        request,
        f"If no other account uses {email}, we sent a link there. Until you open it, sign in "
        "with the old email address.",
    )
    return redirect("account-email")


@require_POST
@signed_in
def account_email_cancel(request: WorkspaceRequest) -> HttpResponse:
    """Keep the email address; the link no longer works."""
    forget_email_change(actor=request.user)
    messages.success(request, "Your old email address was kept. The link no longer works.")
    return redirect("account-email")


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def account_email_confirm(request: WorkspaceRequest, secret: str) -> HttpResponse:
    """Ask for confirmation, since mail programs open links too, and change the email address.

    Only the signed-in account itself can do it: nobody can assign their email address to another.
    """
    template = "accounts/account_email_confirm.html"
    try:
        change = get_email_change(request.user, secret)
        if request.method != "POST":
            return render(request, template, {"change": change})
        # Only by POST: mail programs open links before the person does.
        before = confirm_email(secret=secret, actor=request.user)
    except AccountError as refusal:
        return render(request, template, {"refusal": refusal}, status=422)
    tell(request, before, "Your email address was changed", "email_changed", new=request.user.email)
    signals.email_changed.send(
        sender=User,
        request=request,
        user=request.user,
        from_email_address=before,
        to_email_address=request.user.email,
    )
    messages.success(
        request,
        f"Your email address was confirmed: sign in with {request.user.email} from now on.",
    )
    return redirect("account")


@sensitive_post_parameters("current", "password", "again")
@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def account_password(request: WorkspaceRequest) -> HttpResponse:
    """Change the password; end every other session, and revoke API tokens if requested."""
    tokens = working_tokens(request.user).count()
    form = PasswordForm(request.POST or None, request=request, tokens=tokens)
    if not form.is_valid():
        context = {"form": form, "tokens_count": tokens}
        return render(
            request, "accounts/account_password.html", context, status=422 if form.is_bound else 200
        )
    revoked = set_password(
        password=form.cleaned_data["password"],
        revoke=form.cleaned_data.get("revoke", False),
        actor=request.user,
    )
    # Django ends every session with a hash of the old password; this one gets the new hash and a
    # new key before the others are ended.
    update_session_auth_hash(request, request.user)
    end_sessions(user=request.user, but=request.session.session_key)
    remember(request, request.user)
    tell(request, request.user.email, "Your password was changed", "password_changed")
    # allauth's signal, though its view is not used: `event_signals` records the event.
    signals.password_changed.send(sender=User, request=request, user=request.user)
    messages.success(request, f"Your password was changed. {_what_ended(revoked, tokens)}")
    return redirect("account")


def _send_link(request: WorkspaceRequest, email: str, secret: str) -> None:
    """Email the new email address: the link or, if it has an account, a notice about that.

    One email either way, so that not even the response time reveals which.
    """
    if has_account(email):
        tell(request, email, "This email address already has an account", "email_taken")
    else:
        link = email_change_link(secret)
        tell(request, email, "Confirm your new email address", "email_confirm", link=link)


def _what_ended(revoked: int, tokens: int) -> str:
    if revoked:
        tail = either(
            revoked, "Your API token was revoked.", f"{revoked:,} API tokens were revoked."
        )
    elif tokens:
        tail = "Your API tokens still work."
    else:
        tail = ""
    return f"You were signed out everywhere else. {tail}".strip()


def _account_page(
    request: WorkspaceRequest, *, form: NameForm | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form or NameForm(initial={"name": request.user.name}),
        "waiting": find_email_change(request.user),
        "has_second_factor": has_second_factor(request.user),
        "sessions_count": sessions_of(request.user).count(),
        "tokens_count": working_tokens(request.user).count(),
    }
    return render(request, "accounts/account.html", context, status=status)
