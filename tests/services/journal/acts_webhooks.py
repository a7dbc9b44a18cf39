"""Acts on webhooks: what is there before, then the act."""

from collections.abc import Callable

from dashboard.services.webhooks import webhooks
from tests.factories import Cast, make_webhook

Act = Callable[[], object]


def add_webhook(cast: Cast) -> Act:
    return lambda: webhooks.add_webhook(
        workspace=cast.workspace,
        url="https://receiver.example.org",
        events=["upload.done"],
        actor=cast.alice,
    )


def change_webhook(cast: Cast) -> Act:
    made = make_webhook(cast.workspace)
    return lambda: webhooks.change_webhook(
        webhook=made, url=made.url, events=["upload.done"], actor=cast.alice
    )


def delete_webhook(cast: Cast) -> Act:
    made = make_webhook(cast.workspace)
    return lambda: webhooks.delete_webhook(webhook=made, actor=cast.alice)


def pause_webhook(cast: Cast) -> Act:
    made = make_webhook(cast.workspace)
    return lambda: webhooks.pause_webhook(webhook=made, actor=cast.alice)


def resume_webhook(cast: Cast) -> Act:
    made = make_webhook(cast.workspace)
    webhooks.pause_webhook(webhook=made, actor=cast.alice)
    return lambda: webhooks.resume_webhook(webhook=made, actor=cast.alice)


def rotate_secret(cast: Cast) -> Act:
    made = make_webhook(cast.workspace)
    return lambda: webhooks.rotate_secret(webhook=made, actor=cast.alice)


def send_test(cast: Cast) -> Act:
    made = make_webhook(cast.workspace)
    return lambda: webhooks.send_test(webhook=made, actor=cast.alice)


def send_again(cast: Cast) -> Act:
    sent = webhooks.send_test(webhook=make_webhook(cast.workspace), actor=cast.alice)
    return lambda: webhooks.send_again(delivery=sent, actor=cast.alice)


ACTS: dict[str, Callable[[Cast], Act]] = {
    "webhooks.webhooks.add_webhook": add_webhook,
    "webhooks.webhooks.change_webhook": change_webhook,
    "webhooks.webhooks.delete_webhook": delete_webhook,
    "webhooks.webhooks.pause_webhook": pause_webhook,
    "webhooks.webhooks.resume_webhook": resume_webhook,
    "webhooks.webhooks.rotate_secret": rotate_secret,
    "webhooks.webhooks.send_again": send_again,
    "webhooks.webhooks.send_test": send_test,
}
