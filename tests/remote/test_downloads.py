"""A file behind a link, streamed to a file here."""

import hashlib
from pathlib import Path

import pytest

from dashboard.remote import (
    BadAnswer,
    Forbidden,
    NotFound,
    RemoteError,
    Server,
    TooLarge,
    Unavailable,
)
from tests.remote.stand_in import CUT, Reply, StandIn, says, standing_in

DATA = bytes(range(256)) * 50


def test_it_works(server: Server, stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.plays(Reply(200, DATA))
    found = server.download(f"{stand_in.url}/i1.jpg?key=1", tmp_path / "i1.jpg")
    assert (tmp_path / "i1.jpg").read_bytes() == DATA
    assert (found.size, found.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    (asked,) = stand_in.asked
    assert "Authorization" not in asked.headers
    assert asked.query == {"key": "1"}


@pytest.mark.parametrize(
    "fault",
    [
        CUT,
        Reply(200, DATA[:99], short=99),
        Reply(200, DATA[:99], short=1, chunked=True),
        Reply(200, DATA, silence=3),
        says({}, 503),
    ],
)
def test_what_is_cut_off_starts_anew(
    server: Server, stand_in: StandIn, tmp_path: Path, fault: Reply | None
) -> None:
    stand_in.plays(fault, Reply(200, DATA, chunked=True))
    assert server.download(f"{stand_in.url}/i1.jpg", tmp_path / "i1.jpg").size == len(DATA)
    assert (tmp_path / "i1.jpg").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["i1.jpg"]


FAULTS: dict[str, tuple[list[Reply | None], type[RemoteError]]] = {
    "gone": ([says({"detail": "Not found."}, 404)], NotFound),
    "gone for good": ([Reply(410)], NotFound),
    "expired": ([Reply(403, b"<xml>Expired")], Forbidden),
    "too large": ([Reply(200, bytes(100_001))], TooLarge),
    "too large, and it does not say so": ([Reply(200, bytes(100_001), chunked=True)], TooLarge),
    "no file": ([Reply(204)], BadAnswer),
    "in a circle": ([Reply(302, b"", {"Location": "/round"})] * 9, BadAnswer),
    "always half": ([Reply(200, DATA[:99], short=99)] * 9, Unavailable),
}


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_stays_behind(server: Server, stand_in: StandIn, tmp_path: Path, name: str) -> None:
    replies, error = FAULTS[name]
    stand_in.plays(*replies)
    with pytest.raises(error):
        server.download(f"{stand_in.url}/i1.jpg", tmp_path / "i1.jpg")
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_until_the_new_one_is_whole(
    server: Server, stand_in: StandIn, tmp_path: Path
) -> None:
    target = tmp_path / "i1.jpg"
    target.write_bytes(b"old")
    stand_in.plays(Reply(404))
    with pytest.raises(NotFound):
        server.download(f"{stand_in.url}/i1.jpg", target)
    assert target.read_bytes() == b"old"


def test_the_limit_may_be_the_callers(server: Server, stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.plays(Reply(200, b"12345"), Reply(200, b"123456"))
    assert server.download(f"{stand_in.url}/a", tmp_path / "a", most_bytes=5).size == 5
    with pytest.raises(TooLarge):
        server.download(f"{stand_in.url}/a", tmp_path / "b", most_bytes=5)


def test_a_redirect_to_a_store_is_followed(
    server: Server, stand_in: StandIn, tmp_path: Path
) -> None:
    with standing_in() as store:
        stand_in.plays(Reply(302, b"", {"Location": f"{store.url}/bucket/i1.jpg"}))
        store.plays(Reply(200, DATA))
        assert server.download(f"{stand_in.url}/a", tmp_path / "a").size == len(DATA)
        assert "Authorization" not in store.asked[0].headers


@pytest.mark.parametrize("link", ["file:///etc/passwd", "", "i1.jpg", "http://u:p@example.com/"])
def test_a_link_that_is_none(server: Server, tmp_path: Path, link: str) -> None:
    with pytest.raises(BadAnswer, match="not a URL"):
        server.download(link, tmp_path / "a")


def test_a_disk_that_is_full_is_not_the_servers_fault(
    server: Server, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.plays(Reply(200, DATA))
    with pytest.raises(FileNotFoundError):
        server.download(f"{stand_in.url}/a", tmp_path / "no folder" / "a")
    assert len(stand_in.asked) == 1
