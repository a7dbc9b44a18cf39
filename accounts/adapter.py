"""Configure allauth."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts import ciphers
from accounts.account import set_password
from accounts.models import User
from accounts.notices import tell
from accounts.sessions import end_sessions


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are created by the set-up page, a command or an invitation, never by a form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return False: there is no open sign-up."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return a link to the public URL, which may differ from that of the request."""
        url = super().get_reset_password_from_key_url(key)
        return f"{settings.LIKEWISE_URL}{urlsplit(url).path}"

    def set_password(self, user: User, password: str) -> None:
        """Set the password that was chosen through a reset link, and end all sessions."""
        set_password(password=password, actor=user)
        # All of them: people reset a password when they fear that somebody else knows it.
        end_sessions(user=user)
        tell(self.request, user.email, "Your password was changed", "password_reset")

    def _get_login_attempts_cache_key(
        self,
        request: HttpRequest,  # noqa: ARG002
        **credentials: Any,
    ) -> str:
        """Return a key that counts the attempts for an account by its email address alone.

        allauth adds the request's host, which includes a port of the visitor's choice, so that each
        port would have its own attempts.
        """
        return str(credentials.get("email", "")).strip().lower()


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, whose secrets are encrypted in the database."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret with a key derived from `SECRET_KEY`."""
        return ciphers.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a secret. Raises `SecretUnreadable`."""
        return ciphers.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        """Return the name of this server in the app that shows the codes."""
        return f"Likewise {urlsplit(settings.LIKEWISE_URL).hostname or ''}".strip()
