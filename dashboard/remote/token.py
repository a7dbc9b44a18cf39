"""Send the API token without ever showing it."""

import re
from typing import Final

from requests import PreparedRequest
from requests.auth import AuthBase

_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_MASK: Final = "…"
_SHORTEST: Final = 8  # characters; a shorter token may be part of a common word


class Token(AuthBase):
    """A token that `requests` puts into a request's header and nothing else shows."""

    def __init__(self, secret: str) -> None:
        if not isinstance(secret, str) or not _VISIBLE.fullmatch(secret):
            # `from None` and no value: the message must not reveal parts of the secret.
            raise ValueError("The API token has characters that no token has. Copy it again.")
        self._secret = secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token to the request."""
        request.headers["Authorization"] = f"Token {self._secret}"
        return request

    def __repr__(self) -> str:
        return f"Token({_MASK})"

    def __reduce__(self) -> str:
        raise TypeError("A token is not pickled.")

    def hidden_in(self, body: bytes) -> bytes:
        """Return a refusal's body without the token, which a server may repeat."""
        if len(self._secret) < _SHORTEST:
            return body
        return body.replace(self._secret.encode(), _MASK.encode())
