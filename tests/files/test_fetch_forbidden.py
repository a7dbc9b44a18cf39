import socket

import pytest

from dashboard.files.errors import (
    AddressFailed,
    ForbiddenAddress,
)
from dashboard.files.fetch import fetch, guard
from dashboard.network import connections
from tests.files.serving import LOCAL, STRICT, fetched, resolving


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"])
def test_this_host_is_forbidden(server, host):
    with pytest.raises(ForbiddenAddress, match="private network"):
        fetch.fetch_image(server.url("image", host), STRICT)
    assert server.connections == 0


@pytest.fixture
def connected(monkeypatch):
    """Collect the addresses that would be connected to; nobody is."""
    addresses = []

    def refuse(address, port, seconds):
        addresses.append(address)
        raise ConnectionRefusedError(address)

    monkeypatch.setattr(connections, "_connected", refuse)
    return addresses


@pytest.mark.parametrize(
    "host",
    [
        *("0177.0.0.1", "0x7f.0.0.1", "017700000001", "127.0.1", "127.0.0.1.", "LOCALHOST"),
        *("localhost.", "0.0.0.0", "0", "10.0.0.1", "192.168.1.1", "169.254.169.254", "2852039166"),
        *("[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]"),
        *("[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[2002:7f00:1::]"),
        *(
            "[fe80::1]",
            "[fe80::1%25lo]",
            "[fd00:ec2::254]",
            "１２７.0.0.1",
            "127。0。0。1",
            "①⑥⑨.254.169.254",
        ),
    ],
)
def test_no_spelling_leads_inside(host, connected):
    for scheme in ("http", "https", "HTTP"):
        with pytest.raises((ForbiddenAddress, AddressFailed)):
            fetch.fetch_image(f"{scheme}://{host}/1.jpg", STRICT)
    assert connected == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1\\@public.example/",
        "http://public.example\\@127.0.0.1/",
        "http://public.example#@127.0.0.1/",
        "http://public.example?@127.0.0.1/",
        "http://public.example;@127.0.0.1/",
        "http://127.0.0.1;public.example/",
        "http://127.0.0.1\t.public.example/",
        "http://public.example\r\nHost: 127.0.0.1/",
        " http://127.0.0.1/",
        "http:127.0.0.1/",
        "http:///127.0.0.1/",
    ],
)
def test_whatever_host_is_read_from_it_that_one_is_judged(url, monkeypatch, connected):
    real = socket.getaddrinfo

    def answer(host, port, *args, **options):
        public = "93.184.216.34" if "public" in host else host
        return real(public, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises((ForbiddenAddress, AddressFailed)):
        fetch.fetch_image(url, STRICT)
    assert set(connected) <= {"93.184.216.34"}


def test_a_name_for_a_private_address_is_forbidden(server, monkeypatch):
    with resolving(monkeypatch, ["127.0.0.1"]), pytest.raises(ForbiddenAddress):
        fetch.fetch_image(server.url("image", "public.example"), STRICT)
    assert server.connections == 0


def test_one_private_address_among_others_is_forbidden(server, monkeypatch):
    with resolving(monkeypatch, ["127.0.0.1", "10.0.0.1"]), pytest.raises(ForbiddenAddress):
        fetch.fetch_image(server.url("image", "mixed.example"), LOCAL)
    assert server.connections == 0


def test_a_name_is_resolved_once(server, monkeypatch):
    """A name server that changes its mind between check and connection changes nothing."""
    with resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.1"]) as asked:
        assert fetch.fetch_image(server.url("image", "fickle.example"), LOCAL) == b"bytes"
    assert asked == ["fickle.example"]
    assert server.seen[0][1]["Host"] == f"fickle.example:{server.server_port}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/1.jpg",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "data:image/png;base64,AAAA",
        "127.0.0.1/1.jpg",
        "//127.0.0.1/1.jpg",
        "http://me:secret@127.0.0.1/1.jpg",
        "http://me@127.0.0.1/1.jpg",
    ],
)
def test_other_spellings_are_forbidden(url):
    with pytest.raises(ForbiddenAddress):
        fetch.fetch_image(url, LOCAL)


@pytest.mark.parametrize(
    "url", ["", "http://", "http:///1.jpg", "http://[::1", "http://a b/", "http://127.0.0.1:99999/"]
)
def test_broken_spellings_are_refused(url):
    with pytest.raises((ForbiddenAddress, AddressFailed)):
        fetch.fetch_image(url, LOCAL)


def test_proxies_of_the_server_are_not_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://10.0.0.1:3128")
    assert fetched(server, "image") == b"bytes"


def test_no_connection_is_made_without_a_guard(server):
    with guard.open_session() as session, pytest.raises(LookupError):
        session.get(server.url("image"))
    assert server.connections == 0


# Redirects


@pytest.mark.parametrize(("hops", "connections"), [(0, 2), (2, 4)])
def test_three_redirects_are_followed(server, hops, connections):
    assert fetched(server, f"hops/{hops}") == b"bytes"
    assert server.connections == connections
    assert not any("Cookie" in headers for _, headers in server.seen)


def test_the_fourth_is_not(server):
    with pytest.raises(AddressFailed, match="too often"):
        fetched(server, "hops/3")
    assert server.connections == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{}/image",
        "http://169.254.169.254/",
        "http://[::1]:{}/",
        "file:///etc/passwd",
        "http://a:b@127.0.0.1:{}/image",
        "http://0.0.0.0:{}/image",
        "http://[::ffff:127.0.0.2]:{}/image",
        "http://2130706434:{}/image",
        "gopher://127.0.0.1:{}/image",
        "ftp://127.0.0.1:{}/image",
        "data:image/png;base64,AAAA",
    ],
)
def test_a_redirect_inside_is_forbidden(server, target):
    with pytest.raises(ForbiddenAddress):
        fetched(server, f"to/{target.format(server.server_port)}")
    assert server.connections == 1
