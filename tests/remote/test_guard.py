"""Private networks are not opened, whoever names them."""

from pathlib import Path

import pytest

from dashboard.remote import BadAnswer, ForbiddenAddress, Server, TooLarge
from tests.remote.stand_in import LOCAL, QUICK, Reply, StandIn, connected, named, says, standing_in


def test_a_private_server_is_refused(stand_in: StandIn) -> None:
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433"):
        url = f"http://{host}:{stand_in.server_port}"
        server = Server(url, "t", limits=QUICK, sleep=lambda _: None)
        with pytest.raises(ForbiddenAddress, match="private network"):
            server.account()
        with pytest.raises(ForbiddenAddress):
            server.create_task("Shoes")
    assert stand_in.connections == 0


def test_one_that_is_allowed_is_opened(stand_in: StandIn) -> None:
    stand_in.plays(says(named(1)))
    assert connected(stand_in, allow_private=["127.0.0.0/8"]).similarity_type("x").id == "id-1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_private_network_is_not_followed(
    server: Server, stand_in: StandIn, tmp_path: Path, status: int
) -> None:
    with standing_in("127.0.0.2") as inside:
        leads = Reply(status, b"", {"Location": f"{inside.url}/x.jpg"})
        stand_in.plays(leads, leads, leads)
        with pytest.raises(BadAnswer, match="redirects"):
            server.similarity_type("x")
        with pytest.raises(BadAnswer, match="redirects"):
            server.train_task("x")
        with pytest.raises(ForbiddenAddress):
            server.download(f"{stand_in.url}/x.jpg", tmp_path / "x.jpg")
        with pytest.raises(ForbiddenAddress):
            server.download(f"{inside.url}/x.jpg", tmp_path / "x.jpg")
        assert (inside.connections, inside.asked) == (0, [])
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_at_home_is_followed_for_a_reading(server: Server, stand_in: StandIn) -> None:
    leads = Reply(301, b"", {"Location": "/similarity/training/v2/type/x/?workspace=w1"})
    stand_in.plays(leads, says(named(1)))
    assert server.similarity_type("x").id == "id-1"
    assert stand_in.asked[1].path == "/similarity/training/v2/type/x/"
    stand_in.plays(leads)
    with pytest.raises(BadAnswer, match="Enter the final URL"):
        server.train_task("x")


def test_the_body_of_a_redirect_is_not_read_to_its_end(
    server: Server, stand_in: StandIn, tmp_path: Path
) -> None:
    leads = Reply(302, bytes(300_000), {"Location": "/x"})
    stand_in.plays(leads, leads, Reply(200, b"bytes"))
    with pytest.raises(TooLarge):
        server.account()
    # Where the body does not matter it is not read at all.
    assert server.download(f"{stand_in.url}/a", tmp_path / "a").size == 5


def test_a_redirect_in_a_circle_ends(server: Server, stand_in: StandIn) -> None:
    stand_in.player = lambda _: Reply(302, b"", {"Location": "/round"})
    with pytest.raises(BadAnswer, match="redirects"):
        server.account()
    assert len(stand_in.asked) == 4


@pytest.mark.parametrize("target", ["ftp://example.com/", "http://a:b@example.com/", "http://[x"])
def test_a_redirect_to_what_is_no_url(server: Server, stand_in: StandIn, target: str) -> None:
    stand_in.plays(Reply(302, b"", {"Location": target}))
    with pytest.raises(BadAnswer):
        server.account()


@pytest.mark.parametrize(
    "url", ["", "example.com", "ftp://example.com", "http://", "http://a:b@example.com", "http://["]
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Server(url, "t")


def test_a_network_that_is_none() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        Server("https://example.com", "t", allow_private=["nowhere"])


def test_an_id_is_one_segment_whatever_it_holds(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says(named(1)))
    server.similarity_type("../../account?a=b#c")
    assert stand_in.asked[0].path == "/similarity/training/v2/type/..%2F..%2Faccount%3Fa%3Db%23c"
    assert LOCAL == ["127.0.0.1/32"]
