"""Webhooks are added, changed and deleted; what is wrong with one is refused with a sentence."""

import pytest
from pytest_django import Settings

from accounts.ciphers import decrypt
from accounts.models import Change
from dashboard.models import Delivery, Webhook
from dashboard.models.webhooks import Event
from dashboard.services.webhooks import errors, webhooks
from dashboard.services.webhooks.signatures import PURPOSE
from dashboard.services.webhooks.webhooks import (
    add_webhook,
    change_webhook,
    delete_webhook,
    pause_webhook,
    resume_webhook,
    rotate_secret,
    send_again,
    send_test,
)
from tests.factories import Cast, make_webhook

pytestmark = pytest.mark.django_db
URL = "https://receiver.example.org/hook/secret-path"


def test_it_works(cast: Cast) -> None:
    made, secret = add_webhook(
        workspace=cast.workspace,
        url=f" {URL} ",
        events=[Event.MEMBER_JOINED, Event.UPLOAD_DONE],
        description=" Our shop ",
        actor=cast.ann,
    )
    assert (made.url, made.description, made.created_by) == (URL, "Our shop", cast.ann)
    assert made.events == ["upload.done", "member.joined"]
    assert secret.startswith("whsec_")
    assert decrypt(made.secret, PURPOSE) == secret
    delete_webhook(webhook=made, actor=cast.ann)
    assert not Webhook.objects.exists()


def test_the_journal_tells_of_each_write_without_the_path(cast: Cast) -> None:
    made = make_webhook(cast.workspace, URL)
    change_webhook(webhook=made, url=made.url, events=["upload.done"], actor=cast.ann)
    rotate_secret(webhook=made, actor=cast.ann)
    send_again(delivery=send_test(webhook=made, actor=cast.ann), actor=cast.ann)
    pause_webhook(webhook=made, actor=cast.ann)
    resume_webhook(webhook=made, actor=cast.ann)
    delete_webhook(webhook=made, actor=cast.ann)
    rows = Change.objects.filter(noun="webhook").order_by("pk")
    assert [row.verb for row in rows] == [
        "added",
        "changed",
        "rotated the secret of",
        "tested",
        "tried again",
        "paused",
        "resumed",
        "deleted",
    ]
    assert {row.target_name for row in rows} == {"receiver.example.org"}
    assert "secret-path" not in repr([*rows.values()])


def test_a_change_that_changes_nothing_is_none(cast: Cast) -> None:
    made = make_webhook(cast.workspace, URL, events=["upload.done"])
    before = Change.objects.count()
    assert not change_webhook(webhook=made, url=URL, events=["upload.done"], actor=cast.ann)
    assert Change.objects.count() == before
    assert change_webhook(
        webhook=made, url=URL, events=["upload.done"], description="New", actor=cast.ann
    )
    assert str(Webhook.objects.get()) == "New"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("receiver.example.org", "Write it in full"),
        ("ftp://receiver.example.org", "Write it in full"),
        ("https://me:secret@receiver.example.org", "user name or password"),
        ("", "Write it in full"),
        ("http://127.0.0.1/", r"127\.0\.0\.1 is in a private network"),
        ("http://[::1]:80/", "::1 is in a private network"),
        ("http://169.254.169.254/latest", "private network"),
        ("http://[::ffff:10.0.0.1]/", "private network"),
    ],
)
def test_a_bad_url(cast: Cast, url: str, sentence: str) -> None:
    made = make_webhook(cast.workspace)
    with pytest.raises(errors.UnusableUrl, match=sentence):
        make_webhook(cast.workspace, url)
    with pytest.raises(errors.UnusableUrl, match=sentence):
        change_webhook(webhook=made, url=url, events=Event.values, actor=cast.ann)
    assert Webhook.objects.count() == 1


def test_a_private_network_that_is_allowed(cast: Cast, settings: Settings) -> None:
    settings.LIKEWISE_FETCH_PRIVATE = ["10.0.0.0/8"]
    assert make_webhook(cast.workspace, "http://10.1.2.3:8080/hook").host == "10.1.2.3:8080"


@pytest.mark.parametrize("events", [[], ["webhook.test"], ["upload.done", "anything"]])
def test_events_that_do_not_exist(cast: Cast, events: list[str]) -> None:
    with pytest.raises(errors.UnknownEvents, match="at least one"):
        make_webhook(cast.workspace, events=events)


def test_a_workspace_has_so_many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST", 1)
    make_webhook(cast.workspace)
    with pytest.raises(errors.TooManyWebhooks, match="at most 1 webhook"):
        make_webhook(cast.workspace)
    make_webhook(cast.elsewhere)


def test_a_webhook_goes_with_its_log(cast: Cast) -> None:
    made = make_webhook(cast.workspace)
    send_test(webhook=made, actor=cast.ann)
    delete_webhook(webhook=made, actor=cast.ann)
    assert not Delivery.objects.exists()
    with pytest.raises(Webhook.DoesNotExist):
        send_test(webhook=made, actor=cast.ann)
