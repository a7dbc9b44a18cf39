"""What a filter costs: at most what its size and the record's come to, counted in steps."""

from typing import Any

import orjson
import pytest

from dashboard.models import Collection, Record
from dashboard.queries.search.filter_values import Work, is_in
from dashboard.queries.search.filters import MAX_CONDITIONS, MAX_LISTED, TooMuchWork, parse
from tests.api.calls import CUSTOM
from tests.factories import Cast, api_client, make_collection, make_records

Json = dict[str, Any]


def steps(asked: Json, fields: Json) -> int:
    matches = parse(asked)
    matches(fields)
    return matches.steps


def size(value: Any) -> int:
    """Count the values of JSON, names included."""
    if isinstance(value, dict):
        return 1 + sum(1 + size(one) for one in value.values())
    return 1 + sum(map(size, value)) if isinstance(value, list) else 1


def nested(levels: int, inner: Any = 1) -> Json:
    """Make a list with an object with a list …: each is reached by its number and by its name."""
    for _ in range(levels):
        inner = [{"0": inner}]
    return {"x": inner}


def path(levels: int) -> str:
    return ".".join(["x", *["0"] * levels])


@pytest.mark.parametrize("levels", [10, 20, 40, 49])
def test_a_path_over_nested_lists(levels: int) -> None:
    """Followed one by one, the ways would double with each level: 2 ** 49 of them."""
    fields = nested(levels)
    for names in range(1, 2 * levels):
        assert steps({path(names): 5}, fields) <= 3 * (names + 1) * size(fields)


def test_what_is_found_twice_is_compared_once() -> None:
    fields = nested(30, list(range(1000)))
    assert steps({path(30): -1}, fields) <= 4 * size(fields)


def wide(levels: int) -> Any:
    return [wide(levels - 1), wide(levels - 1), {"0": wide(levels - 1)}] if levels else [1]


@pytest.mark.parametrize("names", [3, 6, 12, 24])
def test_a_path_over_lists_in_lists_that_branch(names: int) -> None:
    fields = {"x": wide(6)}
    assert steps({path(names): 5}, fields) <= 3 * (names + 1) * size(fields)


@pytest.mark.parametrize("operator", ["$in", "$nin", "$eq", "$ne"])
def test_equality_on_deep_values(operator: str) -> None:
    """Each object is found at one depth after the other, and holds all that are deeper."""
    deep: Any = [1]
    for _ in range(48):
        deep = [{"0": deep, "a": [1, 2, 3]}]
    wanted = orjson.loads(orjson.dumps(deep).replace(b"[1]", b"[2]"))
    asked = [wanted] if operator in ("$in", "$nin") else wanted
    fields = {"x": deep}
    for names in (1, 10, 40):
        assert steps({path(names): {operator: asked}}, fields) <= 8 * (names + 1) * size(fields)


def test_equality_is_judged_once_for_all_conditions() -> None:
    """Each condition looks at what it finds; what lies in that is looked at once for them all."""
    fields = {"x": [[list(range(100))] for _ in range(100)]}
    wanted = [[list(range(99))], [list(range(100)), 1]]
    one = steps({"x": {"$in": wanted}}, fields)
    many = steps({"$or": [{"x": {"$in": wanted}} for _ in range(400)]}, fields)
    assert many <= 400 * 2 * (len(fields["x"]) + 2) + one


def test_a_long_list_of_values_costs_no_more_than_a_short_one() -> None:
    fields = {"x": list(range(-1000, 0))}
    short, long = ({"x": {"$in": list(range(n))}} for n in (1, MAX_LISTED))
    assert steps(short, fields) == steps(long, fields) <= 2 * size(fields)


class Counted(int):
    """A number that counts how often it is compared or hashed."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Counted.asked += 1
        return int(self) == other

    def __hash__(self) -> int:
        Counted.asked += 1
        return super().__hash__()

    def __lt__(self, other: int) -> bool:
        Counted.asked += 1
        return int(self) < other

    def __gt__(self, other: int) -> bool:
        Counted.asked += 1
        return int(self) > other


def in_one_row(count: int) -> list[int]:
    """Return numbers that a table by their hashes keeps in a row: a look-up goes through them."""
    slots, slot = [], 1
    for _ in range(count):
        slots.append(slot)
        slot = (5 * slot + 1) % (1 << 15)
    return slots


def test_numbers_are_not_looked_up_by_hashes_that_can_be_foreseen() -> None:
    work = Work(10**9, TooMuchWork)
    hit = is_in([Counted(one) for one in in_one_row(MAX_LISTED)], work)
    looked_up = [1 + (n << 15) for n in range(1, 101)]
    Counted.asked = 0
    assert not any(hit(one) for one in looked_up)
    assert 0 < Counted.asked <= 15 * len(looked_up)


# The whole query


def test_a_query_ends_when_it_is_too_much() -> None:
    fields = {"x": list(range(1000))}
    asked = {"$or": [{f"x.{n}.y": n} for n in range(MAX_CONDITIONS - 1)]}
    matches = parse(asked, most_steps=10**7)
    with pytest.raises(TooMuchWork, match="fewer conditions"):
        any(matches(fields) for _ in range(100))
    assert 10**7 < matches.steps <= 10**7 + 2 * size(fields)


@pytest.fixture
def collection(cast: Cast) -> Collection:
    return make_collection(cast.workspace)


@pytest.mark.parametrize("method", ["allRecords", "random", "visualKNN", "deleteByFilter"])
def test_too_much_work_is_refused(
    cast: Cast, collection: Collection, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    make_records(collection, "a", x=list(range(100)))
    monkeypatch.setattr("dashboard.api.search.record_shapes.MOST_STEPS", 50)
    body = {"filter": {"x": 5000}, "query_record": {"_id": "a"}}
    headers = {"collection-id": str(collection.id)}
    answer = api_client(cast.bob).post(CUSTOM + method, body, headers=headers)
    assert (answer.status_code, answer.json()["status"]["code"]) == (400, 400)
    assert "too many comparisons" in answer.json()["detail"]
    assert Record.objects.count() == 1
