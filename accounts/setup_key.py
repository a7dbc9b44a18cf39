"""Compute the key of the one-time set-up link. It is not stored, and invalid once a user exists."""

from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

_SALT = "accounts.setup_key"


def current() -> str:
    """Return this installation's set-up key: an HMAC by `SECRET_KEY`, safe in a URL."""
    # Derived, not stored: every process that prints the link prints the same one.
    return Signer(salt=_SALT).signature("first owner")


def is_valid(key: str) -> bool:
    """Return whether the key is this installation's, compared in constant time."""
    return constant_time_compare(key, current())
