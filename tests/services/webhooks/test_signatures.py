"""Signatures are those of the specification, and the manual's example accepts them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project
from pytest_django import Settings

from accounts.errors import SecretUnreadable
from dashboard.models import Delivery, Webhook
from dashboard.services.webhooks.signatures import (
    OLD_SECRETS,
    PREFIX,
    new_secret,
    sign,
    signed_headers,
)
from dashboard.services.webhooks.webhooks import add_webhook, rotate_secret
from tests.factories import Cast
from tests.services.webhooks.conftest import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def is_genuine() -> Callable[..., bool]:
    """Return the function that the manual shows."""
    text = (project.BASE_DIR / "docs/webhooks.md").read_text()
    names: dict[str, Any] = {}
    exec(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0], names)
    found: Callable[..., bool] = names["is_genuine"]
    return found


@pytest.fixture
def made(cast: Cast) -> tuple[Webhook, str]:
    return add_webhook(
        workspace=cast.workspace,
        url="https://receiver.example.org",
        events=["upload.done"],
        actor=cast.alice,
    )


def message(webhook: Webhook) -> Delivery:
    webhook.refresh_from_db()
    return Delivery(webhook=webhook, message_id="msg_1", body='{"name": "Schuh, größer"}')


def test_the_example_of_the_specification() -> None:
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body='{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_differ_and_say_what_they_are() -> None:
    assert new_secret().startswith(PREFIX)
    assert new_secret() != new_secret()


def test_the_manual_verifies(
    made: tuple[Webhook, str], clock: Clock, is_genuine: Callable[..., bool]
) -> None:
    webhook, secret = made
    sent = message(webhook)
    headers = signed_headers(sent, clock.now)
    assert is_genuine(secret, headers, sent.body.encode())
    assert not is_genuine(secret, headers, b"another body")
    assert not is_genuine(new_secret(), headers, sent.body.encode())
    assert not is_genuine(secret, headers | {"webhook-id": "msg_2"}, sent.body.encode())
    clock.forward(hours=-1)
    old = signed_headers(sent, clock.now)
    assert not is_genuine(secret, old, sent.body.encode())


def test_both_sign_for_a_day(
    made: tuple[Webhook, str], cast: Cast, clock: Clock, is_genuine: Callable[..., bool]
) -> None:
    webhook, secret = made
    new = rotate_secret(webhook=webhook, actor=cast.alice)
    sent = message(webhook)
    headers = signed_headers(sent, clock.now)
    assert len(headers["webhook-signature"].split()) == 2
    assert is_genuine(secret, headers, sent.body.encode())
    assert is_genuine(new, headers, sent.body.encode())
    clock.forward(days=1)
    assert len(signed_headers(sent, clock.now)["webhook-signature"].split()) == 1


def test_who_rotates_twice_loses_nothing(
    made: tuple[Webhook, str], cast: Cast, clock: Clock, is_genuine: Callable[..., bool]
) -> None:
    webhook, secret = made
    rotate_secret(webhook=webhook, actor=cast.alice)
    rotate_secret(webhook=webhook, actor=cast.alice)
    sent = message(webhook)
    assert is_genuine(secret, signed_headers(sent, clock.now), sent.body.encode())
    for _ in range(OLD_SECRETS):
        rotate_secret(webhook=webhook, actor=cast.alice)
    count = len(signed_headers(message(webhook), clock.now)["webhook-signature"].split())
    assert count == 1 + OLD_SECRETS


def test_a_new_secret_key(
    made: tuple[Webhook, str], cast: Cast, clock: Clock, settings: Settings
) -> None:
    webhook, _ = made
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
    settings.SECRET_KEY_FALLBACKS = [old]
    assert signed_headers(message(webhook), clock.now)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(SecretUnreadable):
        signed_headers(message(webhook), clock.now)
    rotate_secret(webhook=webhook, actor=cast.alice)
    signatures = signed_headers(message(webhook), clock.now)["webhook-signature"]
    assert len(signatures.split()) == 1
