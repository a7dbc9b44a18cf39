"""How allauth behaves here."""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts come from the set-up page, the command line or an invitation, never from a form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Say no: there is no open sign-up."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Link to the public address, which need not be the one that the request came by."""
        url = super().get_reset_password_from_key_url(key)
        return f"{settings.LIKEWISE_URL}{urlsplit(url).path}"
