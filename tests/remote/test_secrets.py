"""The token is sent to its server and shown nowhere."""

import gzip
import logging
import pickle
import traceback

import pytest

from dashboard.remote import RemoteError, Server
from tests.remote.stand_in import CUT, GROUP, TOKEN, Reply, StandIn, connected, says, standing_in

FAULTS = {
    "cut": [CUT] * 9,
    "revoked": [says({"detail": f"Token {TOKEN} was revoked.", "token": TOKEN}, 401)],
    "refused": [says({TOKEN: [f"{TOKEN} is wrong"]}, 400)],
    "html": [Reply(200, b"<html>" + TOKEN.encode())],
    "half": [Reply(200, b'{"id": ', short=5)] * 9,
    "away": [says({"detail": TOKEN}, 503)] * 9,
    "packed": [Reply(200, gzip.compress(b"x")[:9], {"Content-Encoding": "gzip"})] * 9,
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("method", ["similarity_type", "create_task"])
def test_no_error_shows_it(
    server: Server, stand_in: StandIn, caplog: pytest.LogCaptureFixture, name: str, method: str
) -> None:
    caplog.set_level(logging.DEBUG)
    stand_in.plays(*FAULTS[name])
    with pytest.raises(RemoteError) as failed:
        getattr(server, method)("x")
    error = failed.value
    shown = [str(error), repr(error), repr(vars(error)), caplog.text]
    # As a reporter of errors writes it: every frame, with what its variables say.
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown += ["".join(told.format())]
    assert stand_in.asked[0].headers["Authorization"] == f"Token {TOKEN}"
    for text in shown:
        assert TOKEN not in text
    assert error.__cause__ is None


def test_no_repr_shows_it(server: Server) -> None:
    shown = [repr(server), repr(server._transport), repr(vars(server)), str(server)]
    assert not any(TOKEN in text for text in shown)
    assert "token=…" in repr(server)


def test_it_is_not_pickled(server: Server) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(server._transport.token)


@pytest.mark.parametrize("bad", [f"{TOKEN}\r\nHost: elsewhere", f"{TOKEN} ", "", "tökén"])
def test_a_token_that_is_none_is_refused_without_saying_it(bad: str) -> None:
    with pytest.raises(ValueError, match="Copy it again") as refused:
        Server("https://example.com", bad)
    assert "secret" not in str(refused.value)


def test_a_redirect_to_another_server_gets_no_token(server: Server, stand_in: StandIn) -> None:
    with standing_in() as other:
        stand_in.plays(says({}, 302, Location=f"{other.url}/similarity/training/v2/type/x"))
        with pytest.raises(RemoteError, match="redirects to another URL"):
            server.similarity_type("x")
        assert (other.asked, other.connections) == ([], 0)


def test_a_next_page_elsewhere_is_asked_for_at_home(server: Server, stand_in: StandIn) -> None:
    row = {"id": "t1", "name": "A"}
    with standing_in() as other:
        body = {"count": 2, "results": [row], "next": f"{other.url}/x?page=2&token=1"}
        stand_in.plays(
            says(body), says({"count": 2, "results": [row | {"id": "t2"}], "next": None})
        )
        assert [found.id for found in server.iterate_types()] == ["t1", "t2"]
        assert other.connections == 0
    assert stand_in.asked[1].query["page"] == "2"
    assert "token" not in stand_in.asked[1].query


def test_cookies_are_not_kept(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says(GROUP, Set_Cookie="a=b; Path=/"), says({"id": "t1", "name": "A"}))
    server.change_group("g1", name="Red shoe")
    server.similarity_type("t1")
    assert "Cookie" not in stand_in.asked[1].headers


def test_the_environment_is_not_read(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    stand_in.plays(says({"id": "t1", "name": "A"}))
    assert connected(stand_in).similarity_type("t1").id == "t1"
