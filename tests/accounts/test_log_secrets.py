"""No secret is in any log record, whichever library wrote it and whatever went wrong."""

import logging
import socket
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django import Settings

from accounts.logs import SECRET_PATHS, keep_secrets_out, without_secrets
from accounts.models import Role
from accounts.team import invite_member
from tests.factories import PASSWORD, Cast, make_image, make_key
from tests.live import Server, csrf_of, running
from tests.test_routes import addresses

SECRET = "hunter2-R4nd0m_S3cret-hunter2"
LINKS = [
    f"/invitations/{SECRET}",
    f"/invitations/{SECRET}/and/more",
    f"/accounts/password/reset/key/1-{SECRET}/",
    f"/accounts/confirm-email/{SECRET}/",
    f"/settings/account/email/confirm/{SECRET}",
    f"/setup?key={SECRET}",
    f"/media/x/images/y.jpg?expires=1&signature={SECRET}",
    f"/api/schema?token={SECRET}",
    f"/similarity/training/v2/task/{SECRET}/",
    f"/not/there/{SECRET}",
    f"/not/there?next=%2Finvitations%2F{SECRET}",
    f"/%3Fkey={SECRET}",
]


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # What the settings keep quiet is looked at too: somebody may want to read it one day.
    for name in ("django.request", "celery", "kombu"):
        caplog.set_level(logging.DEBUG, logger=name)


def written(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that was logged, as a handler would write it; statements are the tests' own."""
    form = logging.Formatter("%(name)s %(message)s %(args)s")
    records = [record for record in caplog.records if record.name != "django.db.backends"]
    return "\n".join(form.format(record) for record in records)


def came_from(path: str) -> dict[str, str]:
    return {"Referer": f"https://testserver{path}", "HX-Current-URL": f"http://testserver{path}"}


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head", "post", "delete"])
@pytest.mark.parametrize("path", LINKS)
def test_a_link_is_not_in_the_log(caplog: pytest.LogCaptureFixture, path: str, method: str) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    headers = came_from(path) | {"Authorization": f"Token {SECRET}", "HX-Request": "true"}
    getattr(client, method)(path, headers=headers)
    getattr(client, method)(path, headers=headers, secure=True)
    getattr(client, method)(path, headers={"Host": "evil.example"})
    text = written(caplog)
    assert "path=/" in text
    assert SECRET not in text


@pytest.mark.django_db
@pytest.mark.parametrize("path", LINKS)
def test_nor_after_a_redirect_to_https(
    caplog: pytest.LogCaptureFixture, settings: Settings, path: str
) -> None:
    settings.LIKEWISE_URL = "https://testserver"
    assert Client().get(path).status_code == 302
    assert Client().post(path).status_code == 403
    assert Client().get(path, headers={"X-Forwarded-Proto": "https"}).status_code == 400
    text = written(caplog)
    assert "event=https-not-recognised" in text
    assert SECRET not in text


@pytest.mark.django_db
def test_nor_after_a_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(secret: str) -> None:
        raise RuntimeError(f"no luck with /invitations/{secret} and {{'key': '{secret}'}}")

    monkeypatch.setattr("accounts.invitation_views.get_invitation_by_secret", failing)
    answer = Client(raise_request_exception=False).get(f"/invitations/{SECRET}")
    assert answer.status_code == 500
    text = written(caplog)
    assert "RuntimeError: no luck with /invitations/…" in text
    assert SECRET not in text


@pytest.mark.django_db
def test_real_secrets_of_a_whole_walk(
    caplog: pytest.LogCaptureFixture, client: Client, cast: Cast, mailoutbox: list[Any]
) -> None:
    """Invite, join, sign in, reset, call and look at pictures: what was secret is not written."""
    _, invited = invite_member(
        workspace=cast.workspace, email="ivy@example.org", role=Role.EDITOR, actor=cast.alice
    )
    client.get(f"/invitations/{invited}", follow=True)
    client.post("/invitations/", {"name": "Ivy", "password": PASSWORD})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "ivy@example.org", "password": PASSWORD})
    session = client.session.session_key
    client.post("/accounts/password/reset/", {"email": "ivy@example.org"})
    reset = mailoutbox[-1].body.partition("/password/reset/key/")[2].split("/")[0]
    Client().get(f"/accounts/password/reset/key/{reset}/", follow=True)
    key = make_key(cast.alice)
    image = make_image(cast.workspace)
    answer = client.get(
        f"/recognition/v2/training-image/{image.pk}/", headers={"Authorization": f"Token {key}"}
    )
    link = answer.json()["img_path"].removeprefix("http://testserver")
    assert client.get(link).getvalue()
    client.get(link[:-1])
    signature = link.partition("signature=")[2]
    text = written(caplog)
    assert "path=/invitations/<path:secret>" in text
    for secret in (invited, PASSWORD, session, reset, key, signature, signature[:-1]):
        assert secret
        assert secret not in text


@pytest.mark.parametrize(
    ("logger", "message", "value"),
    [
        ("gunicorn.error", "Error handling request %s", f"/setup?key={SECRET}"),
        ("gunicorn.error", "Invalid request from ip=::1: %s", f"'GET /invitations/{SECRET} X'"),
        (
            "gunicorn.error",
            "Invalid request from ip=1.2.3.4: %s",
            f"Invalid HTTP Header: 'A {SECRET}'",
        ),
        ("celery.worker", "Cannot connect to %s: refused", f"redis://me:{SECRET}@host:6379/0"),
        ("kombu", "%s", f"amqp://me:{SECRET}@host//"),
        ("django.server", '"%s" 200 1', f"GET /media/a.jpg?signature={SECRET} HTTP/1.1"),
        ("django.security.csrf", "Forbidden (%s)", f"https://a.example/x?key={SECRET} is foreign"),
        ("urllib3", "%s", f"Authorization: Token {SECRET}"),
        ("any", "%s", {"password": SECRET, "key": [SECRET]}),
        ("any", "%s", f"connect(password='{SECRET}', host='a')"),
        ("any", "token lw_abcdefgh%s", SECRET),
    ],
)
def test_what_libraries_write(
    caplog: pytest.LogCaptureFixture, logger: str, message: str, value: object
) -> None:
    logging.getLogger(logger).setLevel(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    log = logging.getLogger(logger)
    log.addHandler(caplog.handler)
    try:
        log.error(message, value)
        try:
            raise ValueError(message % (value,))
        except ValueError:
            log.exception("It failed")
    finally:
        log.removeHandler(caplog.handler)
        log.setLevel(logging.NOTSET)
    assert "ValueError" in written(caplog)
    assert SECRET not in written(caplog)


@pytest.mark.parametrize(
    "text",
    [
        "job=7d0c event=done",
        "method=GET path=/images/ status=200 ms=1.0",
        "Is it there? Yes.",
        "redis://localhost:6379/0",
        "token lw_abcdefgh was revoked",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_a_record_that_does_not_fit_its_format_breaks_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    factory = logging.getLogRecordFactory()
    record = factory("a", logging.INFO, "a.py", 1, "%d", ("x",), None)
    assert record.args == ("x",)
    keep_secrets_out()
    assert logging.getLogRecordFactory() is factory


# Every address with a text in it is known: it is hidden, or it is no secret

NO_SECRET = {
    "image-file": "the extension of a file",
    "api-unknown": "the beginning of a path",
    "link-look": "a noun",
    "manual-page": "a page",
}


def test_no_secret_address_was_forgotten() -> None:
    for name, pattern in addresses(get_resolver().url_patterns):
        # The pages of /admin/ name rows by their ids.
        if name in NO_SECRET or name.startswith("admin:") or not _has_text(pattern):
            continue
        route = _whole_route(pattern)
        assert any(start in route for start in SECRET_PATHS), (
            f"{name}: add {route} to SECRET_PATHS, or to NO_SECRET if there is none in it"
        )


def _has_text(pattern: URLPattern) -> bool:
    converters = pattern.pattern.converters
    plain = {"UUIDConverter", "IntConverter", "AnyCaseUUID"}
    named = getattr(pattern.pattern, "regex", None)
    return any(type(one).__name__ not in plain for one in converters.values()) or bool(
        not converters and named is not None and named.groupindex
    )


def _whole_route(pattern: URLPattern) -> str:
    return f"/{str(pattern.pattern).lstrip('^')}"


# The whole program


@pytest.mark.live
def test_nothing_that_the_running_program_writes_holds_one() -> None:
    with running(DATABASE_URL="", REDIS_URL="", LIKEWISE_LOG_LEVEL="DEBUG") as server:
        server.manage("user", "create", "--email", "a@example.org", "--password", PASSWORD)
        for path in LINKS:
            requests.get(server.url + path.lstrip("/"), timeout=60)
            requests.post(server.url + path.lstrip("/"), timeout=60)
        say(server, f"GET /setup?key={SECRET} NONSENSE\r\n\r\n")
        say(server, f"GET /invitations/{SECRET} HTTP/1.1\r\nBad Header {SECRET}\r\n\r\n")
        say(server, f"GET /invitations/{SECRET} HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        asked = ask_for_a_reset(server)
        text = server.log.read_text()
    assert asked.status_code == 200
    assert "No link was sent" in asked.text
    assert "Invalid request from ip=127.0.0.1" in text
    assert "path=/accounts/password/reset/ status=302" in text
    assert SECRET not in text
    assert "/password/reset/key/1-" not in text


def say(server: Server, text: str) -> None:
    """Send bytes that no client sends."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(text.encode())
        line.recv(1000)


def ask_for_a_reset(server: Server) -> requests.Response:
    session = requests.Session()
    address = f"{server.url}accounts/password/reset/"
    # The page has no form where no mail is sent; a browser may have an old one open.
    token = csrf_of(session.get(f"{server.url}accounts/login/", timeout=60).text)
    typed = {"email": "a@example.org", "csrfmiddlewaretoken": token}
    return session.post(address, typed, timeout=60)
