"""The filter language of collections."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.queries.search.filters import MAX_CONDITIONS, MAX_DEPTH, MAX_LISTED, BadFilter, parse

SHOE: dict[str, Any] = {
    "_id": "7",
    "name": "shoe",
    "price": 20,
    "ratio": 0.5,
    "new": True,
    "none": None,
    "sizes": [40, 41, "L"],
    "tags": {"c": "red", "deep": {"er": [1]}},
    "parts": [{"n": "sole", "of": ["rubber", "cork"]}, {"n": "lace"}, 5],
    "nested": [[1, 2], [3]],
    "empty": [],
    "box": {"w": 1, "h": 2},
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"name": "shoe"}, True),
        ({"name": "Shoe"}, False),
        ({"_id": "7"}, True),
        ({"price": 20}, True),
        ({"price": 20.0}, True),
        ({"price": "20"}, False),
        ({"new": True}, True),
        ({"new": 1}, False),
        ({"ratio": 0.5, "price": 21}, False),
        ({"none": None}, True),
        ({"nothing": None}, True),
        ({"name": None}, False),
        ({"nothing": {"$exists": False}}, True),
        ({"none": {"$exists": True}}, True),
        ({"none": {"$exists": False}}, False),
        ({"price": {"$eq": 20}}, True),
        ({"price": {"$ne": 20}}, False),
        ({"nothing": {"$ne": 20}}, True),
        ({"nothing": {"$ne": None}}, False),
        ({"price": {"$gt": 19, "$lt": 21}}, True),
        ({"price": {"$gt": 20}}, False),
        ({"price": {"$gte": 20, "$lte": 20}}, True),
        ({"price": {"$gt": "1"}}, False),
        ({"name": {"$gt": "r", "$lt": "t"}}, True),
        ({"name": {"$gt": 1}}, False),
        ({"new": {"$gte": 0}}, False),
        ({"nothing": {"$lt": 5}}, False),
        ({"price": {"$in": [1, 20]}}, True),
        ({"price": {"$in": []}}, False),
        ({"price": {"$nin": [1, 20]}}, False),
        ({"price": {"$nin": []}}, True),
        ({"nothing": {"$in": [None]}}, True),
        ({"nothing": {"$nin": [5]}}, True),
        ({"new": {"$in": [1]}}, False),
        ({"sizes": 41}, True),
        ({"sizes": 42}, False),
        ({"sizes": "L"}, True),
        ({"sizes": [40, 41, "L"]}, True),
        ({"sizes": [41, 40, "L"]}, False),
        ({"sizes": {"$gt": 40, "$lt": 41}}, True),  # one element each, as in MongoDB
        ({"sizes": {"$ne": 41}}, False),
        ({"sizes": {"$nin": [50]}}, True),
        ({"sizes.0": 40}, True),
        ({"sizes.5": {"$exists": False}}, True),
        ({"tags.c": "red"}, True),
        ({"tags.d": "red"}, False),
        ({"tags.deep.er": 1}, True),
        ({"name.c": {"$exists": False}}, True),
        ({"parts.n": "lace"}, True),
        ({"parts.n": {"$in": ["sole", "x"]}}, True),
        ({"parts.of": "cork"}, True),
        ({"parts.of": None}, True),  # the lace has none
        ({"parts.of": {"$exists": True}}, True),
        ({"parts.1.n": "lace"}, True),
        ({"nested": [3]}, True),
        ({"nested": 3}, False),
        ({"empty": []}, True),
        ({"empty": None}, False),
        ({"box": {"h": 2, "w": 1}}, True),
        ({"box": {"w": 1}}, False),
        ({"box": {"$eq": {"w": 1, "h": 2}}}, True),
        ({"$and": [{"price": 20}, {"name": "shoe"}]}, True),
        ({"$or": [{"price": 1}, {"name": "shoe"}]}, True),
        ({"$or": [{"price": 1}, {"name": "hat"}]}, False),
        ({"$not": {"price": 20}}, False),
        ({"price": {"$not": {"$gt": 20}}}, True),
        ({"nothing": {"$not": {"$gt": 20}}}, True),
    ],
)
def test_it_works(asked: Any, expected: bool) -> None:
    assert parse(asked)(SHOE) is expected


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ([], "object"),
        ("price", "object"),
        ({"$where": "1"}, "$where"),
        ({"price": {"$regex": "x"}}, "$regex"),
        ({"price": {"$elemMatch": {}}}, "$elemMatch"),
        ({"price": {"$gt": 1, "x": 2}}, "x"),
        ({"$and": []}, "$and"),
        ({"$or": {}}, "$or"),
        ({"$or": [{}]}, "empty"),
        ({"$and": [5]}, "object"),
        ({"$not": 5}, "object"),
        ({"$not": {}}, "empty"),
        ({"price": {"$not": 5}}, "$not"),
        ({"price": {"$not": {}}}, "$not"),
        ({"price": {"$not": {"x": 1}}}, "$not"),
        ({"price": {"$in": 5}}, "$in"),
        ({"price": {"$nin": {"a": 1}}}, "$nin"),
        ({"price": {"$in": list(range(MAX_LISTED + 1))}}, "$in"),
        ({"price": {"$gt": None}}, "$gt"),
        ({"price": {"$lt": True}}, "$lt"),
        ({"price": {"$lte": [1]}}, "$lte"),
        ({"price": {"$exists": 1}}, "$exists"),
        ({"": 1}, "field"),
        ({"a..b": 1}, "a..b"),
        ({".a": 1}, ".a"),
        ({"a" * 501: 1}, "aaa"),
        ({str(n): n for n in range(MAX_CONDITIONS + 1)}, "1000"),
    ],
)
def test_bad_input_is_named(asked: Any, names: str) -> None:
    with pytest.raises(BadFilter) as error:
        parse(asked)
    assert names in str(error.value)


@pytest.mark.parametrize("wrap", [{"$not": None}, {"$and": None}, {"a": {"$not": None}}])
def test_what_is_nested_too_deep_is_refused(wrap: dict[str, Any]) -> None:
    def nested(levels: int) -> Any:
        inner: Any = {"$gt": 1} if "a" in wrap else {"a": 1}
        for _ in range(levels):
            inner = [inner] if "$and" in wrap else inner
            inner = {"$and": inner} if "$and" in wrap else {"$not": inner}
        return {"a": inner} if "a" in wrap else inner

    assert parse(nested(MAX_DEPTH - 1))({"a": 1}) in (True, False)
    with pytest.raises(BadFilter, match="deep"):
        parse(nested(MAX_DEPTH + 1))


# Against a slow version, written from the words of the contract alone

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0]), st.sampled_from("ab")
)
NAMES = st.sampled_from(["a", "b", "0", "1"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
# Of one name, so that a path finds one value in many ways.
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner | inner.map(lambda value: {"0": value}), max_size=3),
    max_leaves=8,
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join)
OPERATORS = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), VALUES),
    st.tuples(
        st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.integers(-3, 3) | st.sampled_from("ab")
    ),
    st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(VALUES, max_size=3)),
    st.tuples(st.just("$exists"), st.booleans()),
)
ASKED_OF_A_FIELD = st.recursive(
    st.lists(OPERATORS, min_size=1, max_size=2).map(dict),
    lambda inner: inner.map(lambda value: {"$not": value}),
    max_leaves=2,
)
FILTERS = st.recursive(
    st.dictionaries(PATHS, ASKED_OF_A_FIELD | VALUES, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$and": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"$or": parts}),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=4,
)
ABSENT = "absent"


def plain(asked: Any, fields: Any) -> bool:
    for name, value in asked.items():
        if name == "$and":
            fits = all(plain(part, fields) for part in value)
        elif name == "$or":
            fits = any(plain(part, fields) for part in value)
        elif name == "$not":
            fits = not plain(value, fields)
        else:
            fits = plain_field(value, reached(fields, name.split(".")))
        if not fits:
            return False
    return True


def reached(value: Any, path: list[str]) -> list[Any]:
    """Walk name by name, with every value that one may stand at."""
    standing = [(True, value)]
    for name in path:
        standing = [after for there, one in standing for after in step(there, one, name)]
    return [one if there else ABSENT for there, one in standing]


def step(there: bool, value: Any, name: str) -> list[tuple[bool, Any]]:
    if there and isinstance(value, dict):
        return [(True, value[name])] if name in value else [(False, None)]
    if there and isinstance(value, list):
        objects = [one for one in value if isinstance(one, dict)]
        after = [found for one in objects for found in step(True, one, name)]
        if name.isdigit() and int(name) < len(value):
            after.append((True, value[int(name)]))
        return after or [(False, None)]
    return [(False, None)]


def plain_field(asked: Any, found: list[Any]) -> bool:
    if not (isinstance(asked, dict) and asked and all(name[0] == "$" for name in asked)):
        return equal_to_one(asked, found)
    return all(plain_operator(name, value, found) for name, value in asked.items())


def plain_operator(name: str, value: Any, found: list[Any]) -> bool:
    if name == "$not":
        return not plain_field(value, found)
    if name == "$exists":
        return value is any(one is not ABSENT for one in found)
    if name in ("$eq", "$ne"):
        return equal_to_one(value, found) is (name == "$eq")
    if name in ("$in", "$nin"):
        return any(equal_to_one(one, found) for one in value) is (name == "$in")
    return any(in_order(name, one, value) for one in each(found))


def each(found: list[Any]) -> list[Any]:
    shown = [None if one is ABSENT else one for one in found]
    return shown + [inner for one in shown if isinstance(one, list) for inner in one]


def in_order(name: str, one: Any, value: Any) -> bool:
    if type(one) is bool or isinstance(one, str) is not isinstance(value, str):
        return False
    if not isinstance(one, int | float | str):
        return False
    return {"$gt": one > value, "$gte": one >= value, "$lt": one < value, "$lte": one <= value}[
        name
    ]


def equal_to_one(value: Any, found: list[Any]) -> bool:
    return any(written(one) == written(value) for one in each(found))


def written(value: Any) -> str:
    return json.dumps(as_floats(value), sort_keys=True)


def as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_floats(one) for one in value]
    return float(value) if type(value) is int else value


@settings(deadline=None, max_examples=500)
@given(FILTERS, st.dictionaries(NAMES, VALUES | NESTED, max_size=4))
def test_it_finds_what_a_plain_version_finds(asked: Any, fields: Any) -> None:
    assert parse(asked)(fields) is plain(asked, fields)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 5), ASKED_OF_A_FIELD | NESTED, NESTED)
def test_nested_lists_match_as_in_a_plain_version(names: int, asked: Any, nested: Any) -> None:
    fields, path = {"x": nested}, ".".join(["x", *["0"] * names])
    assert parse({path: asked})(fields) is plain({path: asked}, fields)
