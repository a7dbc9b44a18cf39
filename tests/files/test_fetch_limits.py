import socket
import time
import tracemalloc
from dataclasses import replace

import pytest

from dashboard.files.errors import (
    AddressFailed,
    AddressTooSlow,
    ImageTooLarge,
)
from dashboard.files.fetch import fetch
from dashboard.files.limits import FetchLimits, configured_fetch_limits
from tests.files.serving import HURRIED, LOCAL, fetched


def test_the_largest_file_is_taken(server):
    assert len(fetched(server, "size/50000")) == 50_000


def test_a_larger_one_is_refused_before_it_is_read(server):
    with pytest.raises(ImageTooLarge, match="50 KB") as refused:
        fetched(server, "size/50001")
    assert refused.value.size == 50_001


def test_an_endless_one_is_stopped(server):
    with pytest.raises(ImageTooLarge):
        fetched(server, "endless")
    assert server.sent < 20_000_000


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_bomb_is_not_unpacked(server, layers):
    assert len(fetched(server, f"packed/{layers}/0")) == 0
    tracemalloc.start()
    try:
        with pytest.raises((ImageTooLarge, AddressFailed)):
            fetched(server, f"packed/{layers}/64", replace(LOCAL, seconds=30))
        # Of that the server, in a thread beside, needs 64 MB and little more for packing.
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_a_length_that_is_too_small_ends_the_file(server):
    assert len(fetched(server, "lie/10")) == 10


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "50001, 10", ""])
def test_a_length_that_is_none_does_not_open_the_door(server, length):
    with pytest.raises((ImageTooLarge, AddressFailed)):
        fetched(server, f"lie/{length}")


def test_the_limits_are_those_of_the_contract():
    assert configured_fetch_limits() == FetchLimits(20 << 20, 15, 3, ())


@pytest.mark.parametrize("path", ["drip", "drip_open", "drip_header", "silence"])
def test_slow_servers_are_cut_off(server, path):
    start = time.monotonic()
    with pytest.raises(AddressTooSlow, match=r"0\.3 seconds"):
        fetched(server, path, HURRIED)
    assert time.monotonic() - start < 1.4


def test_a_server_that_never_shakes_hands_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(AddressTooSlow):
            fetch.fetch_image(f"https://127.0.0.1:{silent.getsockname()[1]}/", HURRIED)
        assert time.monotonic() - start < 1.4


def test_a_slow_name_server_counts(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1) or [])
    with pytest.raises(AddressTooSlow):
        fetch.fetch_image("http://slow.example/", HURRIED)


def test_time_is_counted_over_all_redirects(server):
    with pytest.raises(AddressTooSlow):
        fetched(server, "to/" + server.url("drip"), HURRIED)


def test_the_body_of_a_redirect_is_not_read(server):
    """`requests` would read it whole to learn where it leads."""
    assert fetched(server, "detour") == b"bytes"
    assert server.sent < 20_000_000
