"""A POST that creates is sent once, or again only where looking has shown that it may be."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dashboard.remote import BadAnswer, OutcomeUnknown, Refused, Server, Unavailable
from tests.remote.stand_in import CUT, EXISTS, GROUP, IMAGE, KNOWN_ID, Reply, StandIn, page, says

MADE = says(GROUP, 201)
HALF = Reply(201, MADE.body[:20], short=len(MADE.body) - 20)
BROKEN = Reply(201, b"<html>Created</html>")
SLOW = replace(MADE, silence=3)
UNKNOWN = [CUT, HALF, SLOW, BROKEN, says({}, 500), says({}, 502), says({}, 503), says({}, 504)]
OTHER = GROUP | {"id": "g2", "name": "Red shoes"}


def posts(stand_in: StandIn) -> int:
    return stand_in.methods().count("POST")


def test_it_works(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(MADE)
    assert server.create_group("Red shoe", "t1", meta_data={"sku": 7}).id == "g1"
    (asked,) = stand_in.asked
    assert asked.json() == {"name": "Red shoe", "type": "t1", "meta_data": {"sku": 7}}
    assert asked.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("fault", UNKNOWN)
def test_what_was_created_is_found(server: Server, stand_in: StandIn, fault: Reply | None) -> None:
    stand_in.plays(fault, page(OTHER, GROUP))
    assert server.create_group("Red shoe", "t1").id == "g1"
    assert stand_in.methods() == ["POST", "GET"]
    assert {"type": "t1", "search": "Red shoe"}.items() <= stand_in.asked[1].query.items()
    assert server.slept != []


@pytest.mark.parametrize("fault", [CUT, HALF, SLOW, BROKEN, says({}, 502), says({}, 504)])
def test_what_may_still_come_is_not_sent_again(
    server: Server, stand_in: StandIn, fault: Reply | None
) -> None:
    stand_in.plays(fault, page(OTHER))
    with pytest.raises(OutcomeUnknown, match="Create a group") as unknown:
        server.create_group("Red shoe", "t1")
    assert stand_in.methods() == ["POST", "GET"]
    assert not unknown.value.finished


@pytest.mark.parametrize("status", [500, 503])
def test_what_has_failed_for_certain_is_sent_again(
    server: Server, stand_in: StandIn, status: int
) -> None:
    fault = says({"detail": "Oops"}, status)
    stand_in.plays(fault, page(), fault, page(OTHER), MADE)
    assert server.create_group("Red shoe", "t1").id == "g1"
    assert stand_in.methods() == ["POST", "GET", "POST", "GET", "POST"]


def test_not_for_ever(server: Server, stand_in: StandIn) -> None:
    stand_in.player = lambda asked: says({}, 500) if asked.method == "POST" else page()
    with pytest.raises(OutcomeUnknown) as unknown:
        server.create_group("Red shoe", "t1")
    assert unknown.value.finished
    assert posts(stand_in) == 4


def test_two_that_it_may_be_are_not_decided(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(CUT, page(GROUP, GROUP | {"id": "g3"}))
    with pytest.raises(OutcomeUnknown):
        server.create_group("Red shoe", "t1")
    assert posts(stand_in) == 1


def test_what_the_caller_knows_is_not_taken(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(CUT, page(GROUP, GROUP | {"id": "g3"}))
    assert server.create_group("Red shoe", "t1", known={"g3"}).id == "g1"
    stand_in.plays(CUT, page(GROUP))
    with pytest.raises(OutcomeUnknown):
        server.create_group("Red shoe", "t1", known={"g1"})


def test_a_rate_limit_created_nothing(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({}, 429, Retry_After="1"), says({}, 429), MADE)
    assert server.create_group("Red shoe", "t1").id == "g1"
    assert stand_in.methods() == ["POST"] * 3


def test_a_refusal_is_final(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({"name": ["Too long."]}, 400))
    with pytest.raises(Refused, match=r"name: Too long\."):
        server.create_group("Red shoe" * 99, "t1")
    assert posts(stand_in) == 1


Create = Callable[[Server], Any]
BOX = (0, 0, 8, 8)
REGION = {"id": "r1", "image": IMAGE, "detection_label": {"id": "l1"}, "data": list(BOX)}
OTHERS: dict[str, tuple[Create, dict[str, Any]]] = {
    "workspace": (lambda server: server.create_workspace("A"), {"name": "A"}),
    "task": (lambda server: server.create_task("A"), {"name": "A"}),
    "type": (lambda server: server.create_type("A"), {"name": "A"}),
    "label": (lambda server: server.create_label("A"), {"name": "A"}),
    "collection": (lambda server: server.create_collection("A", "k1"), {"name": "A"}),
    "region": (lambda server: server.create_region("i1", "l1", BOX), REGION),
}


@pytest.mark.parametrize("noun", OTHERS)
def test_every_noun_is_looked_for(server: Server, stand_in: StandIn, noun: str) -> None:
    create, row = OTHERS[noun]
    unlike = row | {"id": "x0", "name": "AB", "data": [0, 0, 9, 9]}
    stand_in.plays(CUT, page(unlike, row | {"id": "x1"}))
    assert create(server).id == "x1"
    assert stand_in.methods() == ["POST", "GET"]


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_training_is_never_started_twice(
    server: Server, stand_in: StandIn, fault: Reply | None
) -> None:
    stand_in.plays(fault)
    with pytest.raises((OutcomeUnknown, BadAnswer)):
        server.train_task("k1")
    assert stand_in.methods() == ["POST"]


def test_a_training_under_way_is_named(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({"detail": "A training is under way.", "model": "m1"}, 409))
    with pytest.raises(Refused, match="under way") as refused:
        server.train_task("k1")
    assert refused.value.details["model"] == "m1"


# Calls that do the same when they are done twice


def test_members_are_added_again(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(CUT, says({}, 500), says({"added": 0, "already": 2}))
    changed = server.add_images("g1", ["i1", "i2"])
    assert (changed.changed, changed.unchanged) == (0, 2)
    assert posts(stand_in) == 3


def test_ten_thousand_a_call(server: Server, stand_in: StandIn) -> None:
    stand_in.player = lambda asked: says({"added": len(asked.json()["images"]), "already": 0})
    assert server.add_images("g1", (str(n) for n in range(25_000))).changed == 25_000
    assert [len(asked.json()["images"]) for asked in stand_in.asked] == [10_000, 10_000, 5_000]
    assert server.add_images("g1", []).changed == 0
    assert posts(stand_in) == 3


def test_what_a_server_does_not_count(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(Reply(200, b""))
    assert server.remove_images("g1", ["i1"]).changed is None


def test_a_deletion_that_was_done_by_the_first_attempt(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(CUT, says({"detail": "Not found."}, 404))
    server.delete_group("g1")
    assert stand_in.methods() == ["DELETE", "DELETE"]


def test_an_upload_is_sent_again_as_its_bytes_are_stored_once(
    server: Server, stand_in: StandIn
) -> None:
    stand_in.plays(HALF, says({"detail": EXISTS}, 400), says(IMAGE | {"id": KNOWN_ID}))
    uploaded = server.upload_image(b"bytes")
    assert (uploaded.image.id, uploaded.known) == (KNOWN_ID, None)
    assert stand_in.asked[2].path.endswith(KNOWN_ID)


@pytest.mark.parametrize("body", [{"detail": EXISTS}, [EXISTS], {"base64": [EXISTS]}])
def test_an_upload_that_is_known(server: Server, stand_in: StandIn, body: object) -> None:
    stand_in.plays(says(body, 400), says(IMAGE | {"id": KNOWN_ID}))
    assert server.upload_image(b"bytes").known is True


def test_an_upload_that_is_new(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says(IMAGE, 201), says({"detail": "This is not an image."}, 400))
    assert server.upload_image(url="http://example.com/a.jpg").known is False
    assert stand_in.asked[0].json()["url"] == "http://example.com/a.jpg"
    with pytest.raises(Refused, match="not an image"):
        server.upload_image(b"bytes")
    with pytest.raises(ValueError, match="exactly one"):
        server.upload_image(b"bytes", url="http://example.com/a.jpg")


def test_the_other_side_is_away_for_long(server: Server, stand_in: StandIn) -> None:
    stand_in.player = lambda asked: CUT
    with pytest.raises(Unavailable):
        server.upload_image(b"bytes")
    assert posts(stand_in) == 5
