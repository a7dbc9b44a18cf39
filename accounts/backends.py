"""Who is signed in: read together with where they belong, by one query for both."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.queries import find_signed_in


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """allauth's sign-in, whose users come with their memberships: every page needs both."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the active user of a session, or None."""
        try:
            user = find_signed_in(user_id)
        # A session may hold anything once SECRET_KEY or the user model has changed.
        except (ValidationError, ValueError):
            return None
        return user if user is not None and self.user_can_authenticate(user) else None

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        """Find who signs in with the address: that of the account, and no other that was kept.

        Compared letter by letter: a database that thinks `ı` another case of `i` would give who
        guesses another spelling to begin anew with.
        """
        user = User.objects.filter(email=email.strip().lower()).first()
        found: User | None = self._check_password(user, password)
        return found
