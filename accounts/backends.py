"""Read the signed-in user together with their memberships, in one query."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.queries import find_signed_in


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """allauth's sign-in, whose users include their memberships, as every page needs both."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the active user of a session, or None."""
        try:
            user = find_signed_in(user_id)
        # A session may contain anything once SECRET_KEY or the user model has changed.
        except (ValidationError, ValueError):
            return None
        return user if user is not None and self.user_can_authenticate(user) else None

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        """Return the user with this email address, which must be that of the account.

        Compared exactly: on a database that treats `ı` as another case of `i`, somebody who guesses
        passwords could start over with another spelling.
        """
        user = User.objects.filter(email=email.strip().lower()).first()
        found: User | None = self._check_password(user, password)
        return found
