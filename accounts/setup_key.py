"""The key of the one-time set-up link. Nothing is stored: it is spent once anybody exists."""

from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

_SALT = "accounts.setup_key"


def current() -> str:
    """Return this installation's set-up key: an HMAC by `SECRET_KEY`, safe in a URL."""
    # Derived, not stored: whichever process prints the link, and however often, it is the same.
    return Signer(salt=_SALT).signature("first owner")


def is_valid(key: str) -> bool:
    """Say whether the key is this installation's; the time taken tells nothing about it."""
    return constant_time_compare(key, current())
