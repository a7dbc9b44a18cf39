"""The pages of webhooks: an admin adds one, sees its log, and nobody sees its secret twice."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import Delivery, Webhook
from dashboard.models.webhooks import Event
from dashboard.queries.webhooks.webhooks import deliveries_page
from dashboard.services.webhooks import webhooks as services
from dashboard.services.webhooks.webhooks import pause_webhook, send_test
from tests.factories import Cast, make_webhook

pytestmark = pytest.mark.django_db
LIST = "/settings/webhooks"
URL = "https://receiver.example.org/hook"
ENTERED = {"url": URL, "description": "Our shop", "events": ["upload.done", "member.joined"]}


def path(name: str, webhook: Webhook, *more: int) -> str:
    return reverse(name, args=[webhook.pk, *more])


def secret_in(page: str) -> str | None:
    found = re.search(r"whsec_[\w+/=]+", page)
    return found[0] if found else None


def test_it_works(cast: Cast, ann_client: Client) -> None:
    assert "No webhooks yet" in ann_client.get(LIST).content.decode()
    answer = ann_client.post(LIST, ENTERED)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert secret_in(answer.content.decode())
    made = Webhook.objects.get()
    assert (made.url, made.events, made.created_by) == (URL, ENTERED["events"], cast.ann)
    shown = ann_client.get(LIST).content.decode()
    for text in ("Our shop", URL, "Active", "upload.done"):
        assert text in shown
    assert secret_in(shown) is None
    shown = ann_client.get(path("webhook", made)).content.decode()
    for text in (URL, "Active", "No messages yet", "A member joined the workspace", "by Ann"):
        assert text in shown
    assert secret_in(shown) is None


def test_the_tab_is_for_admins(cast: Cast, ann_client: Client, bob_client: Client) -> None:
    assert LIST in ann_client.get("/settings/").content.decode()
    assert LIST not in bob_client.get("/settings/").content.decode()


@pytest.mark.parametrize("name", ["webhook", "webhook-change"])
def test_an_editor_does_not_see_it(cast: Cast, bob_client: Client, name: str) -> None:
    made = make_webhook(cast.workspace)
    assert bob_client.get(LIST).status_code == 403
    assert bob_client.post(LIST, ENTERED).status_code == 403
    assert bob_client.get(path(name, made)).status_code == 403


@pytest.mark.parametrize("name", ["test", "pause", "resume", "secret", "delete", "change"])
def test_an_editor_changes_nothing(cast: Cast, bob_client: Client, name: str) -> None:
    made = make_webhook(cast.workspace)
    assert bob_client.post(path(f"webhook-{name}", made), ENTERED).status_code == 403
    made.refresh_from_db()
    assert (made.paused, made.url, made.old_secrets) == (None, URL, [])
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"url": ""}, "This field is required"),
        ({"url": "receiver.example.org"}, "Write it in full"),
        ({"url": "https://a:b@receiver.example.org"}, "user name or password"),
        ({"url": "http://192.168.0.9/"}, "192.168.0.9 is in a private network"),
        ({"url": "https://example.org/" + "x" * 500}, "at most 500 characters"),
        ({"events": []}, "Choose at least one event"),
        ({"events": ["webhook.test"]}, "not one of the available choices"),
        ({"description": "x" * 101}, "at most 100 characters"),
    ],
)
def test_what_is_wrong_is_said(
    cast: Cast, ann_client: Client, fields: dict[str, object], sentence: str
) -> None:
    answer = ann_client.post(LIST, ENTERED | fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Webhook.objects.exists()
    made = make_webhook(cast.workspace)
    answer = ann_client.post(path("webhook-change", made), ENTERED | fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    made.refresh_from_db()
    assert made.description == ""


def test_too_many(cast: Cast, ann_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST", 0)
    answer = ann_client.post(LIST, ENTERED)
    assert answer.status_code == 422
    assert "Delete one that you no longer need" in answer.content.decode()


def test_change(cast: Cast, ann_client: Client) -> None:
    made = make_webhook(cast.workspace)
    assert URL in ann_client.get(path("webhook-change", made)).content.decode()
    answer = ann_client.post(path("webhook-change", made), ENTERED)
    assert (answer.status_code, answer["Location"]) == (303, path("webhook", made))
    made.refresh_from_db()
    assert (made.description, made.events) == ("Our shop", ENTERED["events"])


def test_a_test_and_sending_it_again(cast: Cast, ann_client: Client) -> None:
    made = make_webhook(cast.workspace)
    answer = ann_client.post(path("webhook-test", made), follow=True)
    assert "A test was added to the log." in answer.content.decode()
    assert "Waiting" in answer.content.decode()
    delivery = Delivery.objects.get()
    Delivery.objects.update(next_attempt=None, attempts=3, status_code=500, error="Status 500.")
    shown = ann_client.get(path("webhook", made)).content.decode()
    for text in ("Failed", "Status 500.", delivery.message_id, "webhook.test"):
        assert text in shown
    ann_client.post(path("delivery-again", made, delivery.pk))
    delivery.refresh_from_db()
    assert delivery.next_attempt is not None
    assert delivery.attempts == 0


def test_a_delivery_of_another_webhook(cast: Cast, ann_client: Client) -> None:
    made, other = make_webhook(cast.workspace), make_webhook(cast.elsewhere)
    delivery = send_test(webhook=other, actor=cast.charlie)
    assert ann_client.post(path("delivery-again", made, delivery.pk)).status_code == 404
    assert ann_client.post(path("delivery-again", other, delivery.pk)).status_code == 404
    assert ann_client.post(path("delivery-again", made, 10**17)).status_code == 404


def test_pause_and_resume(cast: Cast, ann_client: Client) -> None:
    made = make_webhook(cast.workspace)
    answer = ann_client.post(path("webhook-pause", made), follow=True)
    assert "is paused." in answer.content.decode()
    assert "Resume" in answer.content.decode()
    assert "Paused" in ann_client.get(LIST).content.decode()
    answer = ann_client.post(path("webhook-resume", made), follow=True)
    assert "is resumed." in answer.content.decode()
    assert "Active" in ann_client.get(LIST).content.decode()


def test_why_it_is_paused_is_shown(cast: Cast, ann_client: Client) -> None:
    made = make_webhook(cast.workspace)
    pause_webhook(webhook=made, actor=cast.ann)
    Webhook.objects.update(pause_reason="Every attempt failed for a day.")
    for page in (LIST, path("webhook", made)):
        assert "Every attempt failed for a day." in ann_client.get(page).content.decode()


def test_failures_are_shown(cast: Cast, ann_client: Client) -> None:
    made = make_webhook(cast.workspace)
    Webhook.objects.update(failing_since=made.created)
    for page in (LIST, path("webhook", made)):
        assert "Failing" in ann_client.get(page).content.decode()


def test_the_secret_is_rotated_and_shown_once(cast: Cast, ann_client: Client) -> None:
    first = secret_in(ann_client.post(LIST, ENTERED).content.decode())
    made = Webhook.objects.get()
    assert ann_client.get(path("webhook-secret", made)).status_code == 405
    answer = ann_client.post(path("webhook-secret", made))
    second = secret_in(answer.content.decode())
    assert None not in (first, second)
    assert first != second
    assert "no-store" in answer["Cache-Control"]
    assert "For a day, messages are signed with the previous secret" in answer.content.decode()
    assert secret_in(ann_client.get(path("webhook", made)).content.decode()) is None


def test_delete(cast: Cast, ann_client: Client) -> None:
    made = make_webhook(cast.workspace)
    answer = ann_client.post(path("webhook-delete", made), follow=True)
    assert "The webhook receiver.example.org was deleted." in answer.content.decode()
    assert not Webhook.objects.exists()


def test_the_log_has_pages(cast: Cast, ann_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries_page, "__defaults__", ("", 2))
    made = make_webhook(cast.workspace)
    sent = [send_test(webhook=made, actor=cast.ann).message_id for _ in range(5)]
    address, seen = path("webhook", made), []
    while address:
        page = ann_client.get(address, headers={"HX-Request": "true"} if seen else {})
        text = page.content.decode()
        seen += re.findall(r"msg_\w+(?=</code>)", text)
        following = re.search(r'hx-get="([^"]+)"', text)
        address = following[1] if following else ""
    assert seen == sent[::-1]
    assert ann_client.get(path("webhook", made) + "?cursor=damaged").status_code == 404


def test_the_number_of_queries(
    cast: Cast, ann_client: Client, django_assert_max_num_queries
) -> None:
    made, *_ = [make_webhook(cast.workspace) for _ in range(3)]
    for _ in range(5):
        send_test(webhook=made, actor=cast.ann)
    for page in (LIST, path("webhook", made)):
        ann_client.get(page)
        with django_assert_max_num_queries(8):
            ann_client.get(page)


def test_activity_tells_of_it(cast: Cast, ann_client: Client, bob_client: Client) -> None:
    ann_client.post(LIST, ENTERED)
    made = Webhook.objects.get()
    for name in ("test", "pause", "resume", "secret"):
        ann_client.post(path(f"webhook-{name}", made))
    ann_client.post(path("delivery-again", made, Delivery.objects.get().pk))
    shown = bob_client.get("/activity/?noun=webhook").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", shown))
    for sentence in (
        "added the webhook Our shop",
        "sent a test to the webhook Our shop",
        "paused the webhook Our shop",
        "resumed the webhook Our shop",
        "rotated the secret of the webhook Our shop",
        "sent “webhook.test” again to the webhook Our shop",
    ):
        assert sentence in text
    assert URL not in shown


def test_every_event_has_words(cast: Cast, ann_client: Client) -> None:
    shown = ann_client.get(LIST).content.decode()
    assert all(label in shown for label in Event.labels)
