"""The API token: sent, and never shown."""

import re
from typing import Final

from requests import PreparedRequest
from requests.auth import AuthBase

_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_MASK: Final = "…"
_SHORTEST: Final = 8  # characters of a token that cannot be part of a common word


class Token(AuthBase):
    """A token that `requests` puts into the header of a request, and nothing else shows."""

    def __init__(self, secret: str) -> None:
        if not isinstance(secret, str) or not _VISIBLE.fullmatch(secret):
            # `from None` and no value: what is wrong with a secret is itself a secret.
            raise ValueError("The API token has characters that no token has. Copy it again.")
        self._secret = secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign the request."""
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
