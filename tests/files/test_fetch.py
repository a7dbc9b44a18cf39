import contextlib
import socket
import threading
import time

import pytest
import requests

from dashboard.files.errors import (
    AddressFailed,
    AddressTooSlow,
    FileRefused,
    ForbiddenAddress,
    ImageTooLarge,
)
from dashboard.files.fetch import fetch, guard
from tests.files.serving import HURRIED, LOCAL, fetched

# It works


def test_it_works(server):
    assert fetched(server, "image") == b"bytes"
    [(path, headers)] = server.seen
    assert path == "/image"
    assert headers["Accept"] == "image/*"
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    assert not {"Cookie", "Authorization"} & headers.keys()


def test_many_are_fetched_side_by_side_and_in_order(server):
    urls = [server.url(f"echo/{n}") for n in range(40)]
    urls[7] = server.url("status/404")
    urls[9] = "ftp://example.com/1.jpg"
    answers = [*fetch.fetch_many(urls, LOCAL)]
    assert answers[6] == b"6"
    assert isinstance(answers[7], AddressFailed)
    assert isinstance(answers[9], ForbiddenAddress)
    assert [answer for answer in answers if isinstance(answer, bytes)] == [
        str(n).encode() for n in range(40) if n not in (7, 9)
    ]


def test_many_slow_ones_wait_together(server):
    start = time.monotonic()
    answers = [*fetch.fetch_many([server.url("silence")] * 10, HURRIED)]
    assert all(isinstance(answer, AddressTooSlow) for answer in answers)
    assert time.monotonic() - start < 2.4


def test_the_settings_are_the_default(server, settings):
    settings.LIKEWISE_FETCH_PRIVATE = ["127.0.0.0/8"]
    settings.LIKEWISE_FETCH_MAX = 4
    with pytest.raises(ImageTooLarge):
        fetch.fetch_image(server.url("image"))
    settings.LIKEWISE_FETCH_MAX = 5
    assert fetch.fetch_image(server.url("image")) == b"bytes"


# Addresses that fail


@pytest.mark.parametrize("status", [204, 304, 400, 401, 404, 500, 503])
def test_other_answers_are_refused(server, status):
    with pytest.raises(AddressFailed, match=f"status {status}") as refused:
        fetched(server, f"status/{status}")
    assert refused.value.status == status


def test_a_connection_that_ends_early_is_refused(server):
    with pytest.raises(AddressFailed):
        fetched(server, "short")


def test_a_name_that_does_not_resolve_is_refused(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(AddressFailed):
        fetch.fetch_image("http://nowhere.example/1.jpg", LOCAL)


def test_a_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(AddressFailed):
        fetch.fetch_image(f"http://127.0.0.1:{port}/1.jpg", LOCAL)


def test_a_server_without_tls_is_refused(server):
    with pytest.raises(AddressFailed):
        fetch.fetch_image(server.url("image").replace("http:", "https:"), LOCAL)


# What stays behind


def test_no_thread_or_socket_stays_behind(server):
    before = set(threading.enumerate())
    for path in ("image", "short", "status/404"):
        with contextlib.suppress(FileRefused):
            fetched(server, path)
    names = [thread.name for thread in set(threading.enumerate()) - before]
    assert not any(name.startswith("resolve") for name in names)
    assert guard._guard.get(None) is None


def test_the_cause_is_kept_for_the_log(server):
    with pytest.raises(AddressFailed) as refused:
        fetched(server, "short")
    assert isinstance(refused.value.__cause__, requests.RequestException)
