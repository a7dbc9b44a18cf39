"""What a reading makes of a server that is slow, unwell, or another program."""

import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from dashboard.remote import (
    BadAnswer,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    RemoteError,
    Server,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from tests.remote.stand_in import CUT, QUICK, Reply, StandIn, connected, named, says

GOOD = says(named(1))
SHORT = Reply(200, b'{"id": "id-1", "na', short=40)
SHORT_CHUNKS = Reply(200, b'{"id": "id-1", "na', short=1, chunked=True)
SLOW = replace(GOOD, silence=3)


def test_it_works(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(GOOD)
    assert server.similarity_type("id-1").name == "Type 1"
    (asked,) = stand_in.asked
    assert (asked.method, asked.path) == ("GET", "/similarity/training/v2/type/id-1")
    assert asked.headers["Authorization"] == "Token lw_a-secret-that-nobody-may-see"
    assert server.slept == []


@pytest.mark.parametrize("fault", [CUT, SHORT, SHORT_CHUNKS, SLOW, says({}, 502), says({}, 504)])
def test_a_reading_is_repeated(server: Server, stand_in: StandIn, fault: Reply | None) -> None:
    stand_in.plays(fault, GOOD)
    assert server.similarity_type("id-1").id == "id-1"
    assert len(stand_in.asked) == 2
    assert len(server.slept) == 1


def test_500_twice_then_right(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({"detail": "Oops"}, 500), Reply(500, b"<html>"), GOOD)
    assert server.similarity_type("id-1").id == "id-1"
    assert len(stand_in.asked) == 3


def test_pauses_grow_and_differ(stand_in: StandIn) -> None:
    stand_in.plays(*[CUT] * 5, *[CUT] * 5)
    paused = []
    for _ in range(2):
        server = connected(stand_in, replace(QUICK, backoff_seconds=1.0))
        with pytest.raises(Unavailable):
            server.account()
        paused.append(server.slept)
    first, second = paused
    for number, seconds in enumerate(first):
        assert 2 ** (number + 1) <= seconds <= 2 ** (number + 1) + 1
    assert first != second


def test_it_gives_up_after_the_retries(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(*[says({}, 503)] * 9)
    with pytest.raises(Unavailable, match="status 503") as failed:
        server.account()
    assert len(stand_in.asked) == QUICK.retries + 1
    assert failed.value.status == 503


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(server: Server, stand_in: StandIn, status: int) -> None:
    stand_in.plays(says({"detail": "Slow down"}, status, Retry_After="7"), GOOD)
    assert server.similarity_type("id-1").id == "id-1"
    (seconds,) = server.slept
    assert 6.5 < seconds <= 7


def test_retry_after_may_be_a_moment(server: Server, stand_in: StandIn) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    stand_in.plays(says({}, 429, Retry_After=moment), GOOD)
    server.similarity_type("id-1")
    (seconds,) = server.slept
    assert 25 < seconds <= 31


@pytest.mark.parametrize("text", ["soon", "-3", "1e9", ""])
def test_a_retry_after_that_says_nothing_is_a_common_pause(
    server: Server, stand_in: StandIn, text: str
) -> None:
    stand_in.plays(says({}, 429, Retry_After=text), GOOD)
    server.similarity_type("id-1")
    assert server.slept[0] < 1


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable)])
def test_a_long_retry_after_is_not_waited_for(
    server: Server, stand_in: StandIn, status: int, error: type[RemoteError]
) -> None:
    stand_in.plays(says({}, status, Retry_After="3600"))
    with pytest.raises(error) as failed:
        server.account()
    assert (len(stand_in.asked), server.slept) == (1, [])
    if isinstance(failed.value, RateLimited):
        assert failed.value.retry_after is not None
        assert failed.value.retry_after > QUICK.retry_after_most


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Refused),
        (413, Refused),
    ],
)
def test_a_refusal_has_the_servers_own_sentence(
    server: Server, stand_in: StandIn, status: int, error: type[RemoteError]
) -> None:
    stand_in.plays(says({"detail": "That cannot be.", "model": "m1"}, status))
    with pytest.raises(error, match=r"^That cannot be\.$") as refused:
        server.similarity_type("x")
    assert (refused.value.status, refused.value.details["model"]) == (status, "m1")
    assert refused.value.call == "Read a similarity type"
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"name": ["Too long.", "Not text."]}', "name: Too long. name: Not text."),
        (b'["It already stands."]', "It already stands."),
        (b"<html>Bad Request</html>", "The server refused this (status 400)."),
        (b"", "The server refused this (status 400)."),
        (b'{"detail": {"deep": 1}}', "The server refused this (status 400)."),
        (b'{"detail": "a\\u0000b\\nc\\u202e"}', "a b c "),
    ],
)
def test_refusals_of_other_shapes(
    server: Server, stand_in: StandIn, body: bytes, sentence: str
) -> None:
    stand_in.plays(Reply(400, body))
    with pytest.raises(Refused) as refused:
        server.account()
    assert refused.value.reason == sentence


def test_a_long_sentence_is_cut(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({"detail": "x" * 10_000}, 400))
    with pytest.raises(Refused) as refused:
        server.account()
    assert len(refused.value.reason) == 501


BROKEN = {
    "html": Reply(200, b"<!doctype html><title>Welcome</title>"),
    "half": Reply(200, b'{"id": "id-1", "name": "Ty'),
    "empty": Reply(200, b""),
    "no content": Reply(204),
    "a list": says([named(1)]),
    "null": says(None),
    "no id": says({"name": "Type"}),
    "no name": says({"id": "id-1"}),
    "a name of another type": says({"id": "id-1", "name": ["Type"]}),
    "bytes": Reply(200, b"\xff\xfe\x00"),
    "a deep one": Reply(200, b"[" * 50_000),
    "packed, and not": Reply(200, b"no gzip", {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("name", BROKEN.keys() - {"packed, and not"})
def test_what_is_no_answer_is_said_with_the_calls_name(
    server: Server, stand_in: StandIn, name: str
) -> None:
    stand_in.plays(BROKEN[name])
    with pytest.raises(BadAnswer, match="“Read a similarity type”") as failed:
        server.similarity_type("id-1")
    assert failed.value.call == "Read a similarity type"
    assert len(stand_in.asked) == 1


def test_a_body_that_does_not_unpack(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(*[BROKEN["packed, and not"]] * 9)
    with pytest.raises(Unavailable):
        server.account()


@pytest.mark.parametrize("page", [{}, {"results": []}, {"count": 1, "results": {}}, {"count": 1}])
def test_a_page_that_is_none(server: Server, stand_in: StandIn, page: dict[str, object]) -> None:
    stand_in.plays(says(page))
    with pytest.raises(BadAnswer, match="“List the similarity types”"):
        list(server.iterate_types())


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_huge_answer_is_not_read_to_its_end(
    server: Server, stand_in: StandIn, pack: Callable[[bytes], bytes]
) -> None:
    body = pack(b" " * 30_000_000)
    packed = {"Content-Encoding": "gzip"} if len(body) < 1_000_000 else {}
    stand_in.plays(Reply(200, body, packed))
    with pytest.raises(TooLarge, match="larger than accepted"):
        server.account()
    assert len(stand_in.asked) == 1


def test_a_body_that_drips_is_cut_off(stand_in: StandIn) -> None:
    """A byte now and then never trips a socket's own time-out."""
    server = connected(stand_in, replace(QUICK, retries=0, answer_seconds=0.3))
    stand_in.plays(replace(GOOD, body=b" " * 500, drip=0.02))
    began = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer completely"):
        server.account()
    assert time.monotonic() - began < 3


def test_nobody_listens(stand_in: StandIn) -> None:
    with connected(stand_in) as server:
        stand_in.server_close()
        stand_in.shutdown()
        with pytest.raises(Unavailable, match="cannot be reached"):
            server.create_task("Shoes")
        # Nothing arrived, so even a creation was tried again.
        assert len(server.slept) == QUICK.retries


def test_a_server_without_tls(stand_in: StandIn) -> None:
    url = stand_in.url.replace("http:", "https:")
    server = Server(url, "t", limits=QUICK, allow_private=["127.0.0.1/32"], sleep=lambda _: None)
    with pytest.raises(Unavailable, match="certificate"):
        server.account()
    assert stand_in.asked == []


def test_a_name_that_does_not_resolve() -> None:
    server = Server("http://nowhere.invalid", "t", limits=QUICK, sleep=lambda _: None)
    with pytest.raises(Unavailable, match="cannot be reached"):
        server.account()


def test_unknown_fields_and_another_order(server: Server, stand_in: StandIn) -> None:
    told = {"zebra": [1], "name": "Type 1", "exclusive": "perhaps", "id": 7, "workspace": {"id": 3}}
    stand_in.plays(says(told))
    found = server.similarity_type("7")
    assert (found.id, found.name, found.exclusive, found.workspace) == ("7", "Type 1", None, "3")


def test_connections_are_kept(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(*[GOOD] * 5)
    for _ in range(5):
        server.similarity_type("id-1")
    assert stand_in.connections == 1
