"""Authenticate requests by `Authorization: Token …`."""

import re

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.queries import find_token
from accounts.services import touch_token

# The client takes a longer one for another scheme's.
_KEY = re.compile(rb"[\x21-\x7e]{1,64}")


class TokenAuthentication(BaseAuthentication):
    """Accepts an API token that is known, not revoked and not expired."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the user and the token; None without a header of this scheme."""
        scheme, *key = get_authorization_header(request).split() or [b""]
        if scheme.lower() != b"token":
            return None
        # The format is checked before the database is queried; a text of many kilobytes is not even
        # hashed.
        token = find_token(key[0].decode()) if len(key) == 1 and _KEY.fullmatch(key[0]) else None
        if token is None:
            raise AuthenticationFailed(
                "This API token is unknown, revoked or expired. Create a new one under Tokens."
            )
        touch_token(token=token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the scheme, which makes a refusal a 401."""
        return "Token"
