"""Secrets of webhooks, and the signatures that receivers verify (https://www.standardwebhooks.com).

A secret is stored encrypted, is returned once, by what makes it, and is decrypted only to sign.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Any

from accounts.ciphers import decrypt, encrypt
from accounts.errors import SecretUnreadable
from dashboard.models import Delivery, Webhook

PURPOSE = "likewise webhook secrets"
PREFIX = "whsec_"
SECRET_BYTES = 32
# How long a replaced secret still signs: the time to enter the new one at the receiver.
OVERLAP = timedelta(days=1)
OLD_SECRETS = 4


def new_secret() -> str:
    """Make a secret as receivers enter it."""
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def encrypted(secret: str) -> str:
    """Return a secret as it is stored."""
    return encrypt(secret, PURPOSE)


def encrypted_again(stored: str) -> str:
    """Return a stored secret, encrypted with the current key. Raises `SecretUnreadable`."""
    return encrypted(decrypt(stored, PURPOSE))


def sign(secret: str, *, message_id: str, timestamp: int, body: str) -> str:
    """Return the signature of one message, HMAC-SHA256 in base64 after `v1,`."""
    key = b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{timestamp}.{body}".encode()
    return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}"


def signed_headers(delivery: Delivery, now: datetime) -> dict[str, str]:
    """Return the headers that identify and sign an attempt.

    One signature for each secret that is valid now. Raises `SecretUnreadable`.
    """
    timestamp = int(now.timestamp())
    signatures = [
        sign(secret, message_id=delivery.message_id, timestamp=timestamp, body=delivery.body)
        for secret in _secrets(delivery.webhook, now)
    ]
    return {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def retired(webhook: Webhook, now: datetime) -> list[dict[str, Any]]:
    """Return the old secrets once the current one is replaced: several, if that is done twice.

    Else the one that the receiver has would be lost with the second click.
    """
    latest = {"secret": webhook.secret, "until": (now + OVERLAP).isoformat()}
    return [latest, *still_valid(webhook, now)][:OLD_SECRETS]


def still_valid(webhook: Webhook, now: datetime) -> list[dict[str, Any]]:
    """Return the old secrets that sign now."""
    return [one for one in webhook.old_secrets if datetime.fromisoformat(one["until"]) > now]


def _secrets(webhook: Webhook, now: datetime) -> list[str]:
    found = [decrypt(webhook.secret, PURPOSE)]
    for old in still_valid(webhook, now):
        try:
            found.append(decrypt(old["secret"], PURPOSE))
        except SecretUnreadable:  # the current one was made since SECRET_KEY changed, and suffices
            continue
    return found
