"""Descriptors in batches."""

import base64

import pytest

from dashboard.remote import BadAnswer, Refused, Server, Source
from dashboard.remote import descriptors as module
from tests.remote.stand_in import CUT, Asked, Reply, StandIn, says

GOOD = {"_descriptor": [1, 0.5], "_width": 4, "_height": 3, "_status": {"code": 200, "text": "OK"}}
BAD = {"_status": {"code": 400, "text": "This is not an image."}}


def echo(asked: Asked) -> Reply:
    """Describe what has bytes, in another order than it came."""
    records = [
        {"_id": record["_id"]} | (GOOD if "_base64" in record else BAD)
        for record in reversed(asked.json()["records"])
    ]
    return says({"records": records, "version": 3, "task_id": "k1"})


def test_it_works(server: Server, stand_in: StandIn) -> None:
    stand_in.player = echo
    sources = [Source(id="a", data=b"bytes"), Source(id="b", url="http://example.com/b.jpg")]
    first, second = server.iterate_descriptors(sources, task="k1", version=3)
    assert (first.id, first.vector, first.version, first.code) == ("a", (1.0, 0.5), 3, 200)
    assert (second.id, second.vector, second.text) == ("b", None, "This is not an image.")
    assert stand_in.asked[0].json() == {
        "records": [
            {"_id": "a", "_base64": base64.b64encode(b"bytes").decode()},
            {"_id": "b", "_url": "http://example.com/b.jpg"},
        ],
        "task_id": "k1",
        "version": 3,
    }


def test_batches(server: Server, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in.player = echo
    monkeypatch.setattr(module, "_BYTES", 250)
    taken = 0

    def sources() -> object:
        nonlocal taken
        for number in range(230):
            taken += 1
            yield Source(id=str(number), data=b"" if number < 220 else bytes(100))

    found = server.iterate_descriptors(sources(), collection="c1")  # type: ignore[arg-type]
    assert next(found).id == "0"
    assert taken <= 101
    assert [row.id for row in found] == [str(number) for number in range(1, 230)]
    sizes = [len(asked.json()["records"]) for asked in stand_in.asked]
    assert sizes == [100, 100, 22, 2, 2, 2, 2]


def test_one_call_is_repeated_as_it_changes_nothing(server: Server, stand_in: StandIn) -> None:
    answer = says({"records": [GOOD | {"_id": "a"}]})
    stand_in.plays(CUT, answer)
    (found,) = server.iterate_descriptors([Source(id="a", data=b"x")], task="k1")
    assert found.vector is not None


def test_not_one_record_succeeded(server: Server, stand_in: StandIn) -> None:
    body = {"detail": "No record could be read.", "records": [BAD | {"_id": "a"}]}
    stand_in.plays(says(body, 400), says({"detail": "Train it first."}, 409))
    (found,) = server.iterate_descriptors([Source(id="a", data=b"x")], task="k1")
    assert (found.vector, found.code) == (None, 400)
    with pytest.raises(Refused, match="Train it first"):
        list(server.iterate_descriptors([Source(id="a", data=b"x")], task="k1"))


def test_a_record_that_is_missing_is_not_passed_over(server: Server, stand_in: StandIn) -> None:
    stand_in.plays(says({"records": [GOOD | {"_id": "b"}]}))
    with pytest.raises(BadAnswer, match="record “a” is missing"):
        list(server.iterate_descriptors([Source(id="a", data=b"x")], task="k1"))


def test_what_is_asked_wrongly(server: Server) -> None:
    with pytest.raises(ValueError, match="exactly one way"):
        Source(id="a")
    with pytest.raises(ValueError, match="task or a collection"):
        list(server.iterate_descriptors([]))
