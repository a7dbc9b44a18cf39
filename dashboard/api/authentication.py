"""Who asks: `Authorization: Token <key>`."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.queries import find_token
from accounts.services import touch_token


class TokenAuthentication(BaseAuthentication):
    """Accept a key that is known, not revoked and not expired."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the user and the token; None without a header of this scheme."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"token":
            return None
        if len(words) != 2 or (token := find_token(words[1].decode("latin-1"))) is None:
            raise AuthenticationFailed(
                "This API token is not known, was revoked, or has expired: make a new one under "
                "Tokens."
            )
        touch_token(token=token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, which makes a refusal a 401."""
        return "Token"
