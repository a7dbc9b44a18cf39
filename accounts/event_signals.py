"""Record the signals of Django and allauth about accounts, with `events.py`."""

from importlib import import_module
from typing import Any

from allauth.account import signals as account
from django.apps import apps
from django.contrib.auth import signals as auth
from django.dispatch import Signal

from accounts.events import record_event, record_failure
from accounts.models import AccountEvent, User

Verb = AccountEvent.Verb


def connect() -> None:
    """Connect to every signal of RECEIVERS, and to those of second factors if installed."""
    _listen(RECEIVERS)
    if apps.is_installed("allauth.mfa"):  # without the app its module cannot be imported
        mfa = import_module("allauth.mfa.signals")
        _listen({getattr(mfa, name): receiver for name, receiver in MFA_RECEIVERS.items()})


def _listen(receivers: dict[Signal, Any]) -> None:
    for signal, receiver in receivers.items():
        signal.connect(receiver, dispatch_uid=f"accounts.events.{receiver.__name__}")


def signed_in(user: User, **_: Any) -> None:
    """Record a sign-in, by whichever page."""
    record_event(Verb.SIGNED_IN, user=user, actor=user)


def signed_out(user: User | None, **_: Any) -> None:
    """Record a sign-out; the end of an anonymous session is not one."""
    if user is not None:
        record_event(Verb.SIGNED_OUT, user=user, actor=user)


def sign_in_failed(credentials: dict[str, Any], **_: Any) -> None:
    """Count a failed sign-in; the password is not read."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    clean = typed.replace("\0", "").strip()
    # The null character was removed above, since PostgreSQL refuses it in a parameter.
    found = User.objects.filter(email__iexact=clean).first() if clean else None
    record_failure(Verb.SIGN_IN_FAILED, user=found, address=clean)


def password_changed(user: User, **_: Any) -> None:
    """Record a change by somebody who knows the old password."""
    record_event(Verb.PASSWORD_CHANGED, user=user, actor=user)


def password_reset(user: User, **_: Any) -> None:
    """Record a new password that was set by a link."""
    record_event(Verb.PASSWORD_RESET, user=user)


def email_changed(
    user: User, from_email_address: Any = None, to_email_address: Any = None, **_: Any
) -> None:
    """Record a new email address, under the old one."""
    before, after = (
        getattr(one, "email", one) or "" for one in (from_email_address, to_email_address)
    )
    address = str(before or user.email)
    record_event(
        Verb.EMAIL_CHANGED, user=user, actor=user, address=address, after=str(after or user.email)
    )


def factor_added(user: User, authenticator: Any, **_: Any) -> None:
    """Record a new second factor."""
    record_event(Verb.FACTOR_ADDED, user=user, actor=user, kind=str(authenticator.type))


def factor_removed(user: User, authenticator: Any, **_: Any) -> None:
    """Record the removal of a second factor."""
    record_event(Verb.FACTOR_REMOVED, user=user, actor=user, kind=str(authenticator.type))


def codes_renewed(user: User, **_: Any) -> None:
    """Record new recovery codes."""
    record_event(Verb.CODES_RENEWED, user=user, actor=user)


def factor_failed(user: User, **_: Any) -> None:
    """Count a wrong code: the person who entered it knew the password."""
    record_failure(Verb.FACTOR_FAILED, user=user)


RECEIVERS: dict[Signal, Any] = {
    auth.user_logged_in: signed_in,  # allauth sends it too, in addition to its own
    auth.user_logged_out: signed_out,
    auth.user_login_failed: sign_in_failed,
    account.password_changed: password_changed,
    account.password_reset: password_reset,
    account.email_changed: email_changed,
}
MFA_RECEIVERS = {
    "authenticator_added": factor_added,
    "authenticator_removed": factor_removed,
    "authenticator_reset": codes_renewed,
    "authentication_failed": factor_failed,
}
