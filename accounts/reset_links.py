"""Create a link that sets a new password, for administrators of a server without email."""

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from accounts.errors import AccountSwitchedOff
from accounts.events import record_event
from accounts.models import AccountEvent, User


def reset_link(user: User) -> str:
    """Return a link as in a reset email: it works once, and for three days at most.

    Raises `AccountSwitchedOff`, since nobody could sign in after using it.
    """
    if not user.is_active:
        raise AccountSwitchedOff(user.email)
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    # Recorded, because the link gives the person who ran the command access to the account.
    record_event(AccountEvent.Verb.RESET_LINK_MADE, user=user)
    parts = {"uidb36": user_pk_to_url_str(user), "key": token}
    return f"{settings.LIKEWISE_URL}{reverse('account_reset_password_from_key', kwargs=parts)}"
