"""The whole way: a webhook is added on its page, a member joins, and a receiver verifies it."""

import hmac
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
import requests

from tests.browser.people import Home
from tests.live import csrf_of, running
from tests.remote.stand_in import Asked, Reply, StandIn, standing_in

pytestmark = pytest.mark.live
PATIENCE = 60


@pytest.fixture
def home() -> Iterator[Home]:
    """Run an installation that may open connections to this machine, and looks often."""
    with running(
        DATABASE_URL="", REDIS_URL="", LIKEWISE_FETCH_PRIVATE="127.0.0.0/8", LIKEWISE_SWEEP="0.5"
    ) as server:
        yield Home.made(server, "alice")


def test_it_works(home: Home) -> None:
    with standing_in() as receiver:
        receiver.plays(Reply(500), Reply(503), Reply(200))
        session = home.server.signed_in()
        secret, page = _add(home, session, f"{receiver.url}/hook")
        _join(home)
        _wait(receiver, 2)  # at once, and again after some seconds
        # The next attempt would be half a minute later: an admin does not wait.
        _press(home, session, page, "again")
        _wait(receiver, 3)
        ids = {asked.headers["webhook-id"] for asked in receiver.asked}
        assert len(ids) == 1
        assert all(_is_genuine(secret, asked) for asked in receiver.asked)
        told = json.loads(receiver.asked[-1].body)
        assert (told["type"], told["data"]["role"]) == ("member.joined", "editor")
        _shows(session, page, "Delivered")
        receiver.plays(Reply(204))
        _press(home, session, page, "test")
        _wait(receiver, 4)
        assert json.loads(receiver.asked[-1].body)["type"] == "webhook.test"
    assert secret not in session.get(page).text
    assert secret not in home.server.log.read_text()


def _add(home: Home, session: requests.Session, url: str) -> tuple[str, str]:
    """Add a webhook; return its secret and the URL of its page."""
    address = urljoin(home.url, "/settings/webhooks")
    form = {
        "csrfmiddlewaretoken": csrf_of(session.get(address).text),
        "url": url,
        "events": ["member.joined"],
    }
    answer = session.post(address, data=form, headers={"Referer": address}).text
    secret = re.search(r"whsec_[\w+/=]+", answer)
    path = re.search(r"/settings/webhooks/[0-9a-f-]{36}", answer)
    assert secret is not None
    assert path is not None
    return secret[0], urljoin(home.url, path[0])


def _join(home: Home) -> None:
    home.server.manage("user", "create", "--email", "bob@example.org", "--password", home.password)
    home.shell("""
from accounts.team import accept_invitation, invite_member
bob = User.objects.get(email="bob@example.org")
invitation, _ = invite_member(workspace=workspace, email=bob.email, role="editor", actor=actor)
accept_invitation(invitation=invitation, actor=bob)
""")


def _press(home: Home, session: requests.Session, page: str, button: str) -> None:
    text = session.get(page).text
    action = re.search(rf'action="([^"]+/{button})"', text)
    assert action is not None
    answer = session.post(
        urljoin(home.url, action[1]),
        data={"csrfmiddlewaretoken": csrf_of(text)},
        headers={"Referer": page},
    )
    assert answer.status_code == 200


def _wait(receiver: StandIn, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(receiver.asked) < count:
        assert time.monotonic() < end, f"{len(receiver.asked)} of {count} attempts came"
        time.sleep(0.05)


def _shows(session: requests.Session, page: str, words: str) -> None:
    end = time.monotonic() + PATIENCE
    while words not in session.get(page).text:
        assert time.monotonic() < end, f"the page does not say {words}"
        time.sleep(0.2)


def _is_genuine(secret: str, asked: Asked) -> bool:
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode()
    expected = b64encode(hmac.digest(key, signed + asked.body, "sha256")).decode()
    return asked.headers["webhook-signature"] == f"v1,{expected}"
