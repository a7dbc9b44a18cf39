"""No input is a defect: whatever is sent to any call, the answer is below 500."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from dashboard.api.documents import openapi
from tests.factories import ApiClient, Cast, api_client
from tests.routes import ROUTES, THINGS, Api

NUL = "\x00"
DEEP: Any = 1
for _ in range(500):
    DEEP = [DEEP]
HUGE = 10**30
VALUES: list[Any] = [
    None,
    True,
    -1,
    1 << 31,
    1 << 63,
    (1 << 64) - 1,
    1e300,
    "",
    NUL,
    f"a{NUL}b",
    "x" * 10_000,
    "\U0001f45f\u202e\uffff",
    [NUL],
    {NUL: NUL},
    [[]],
    {"a": {"b": [NUL]}},
    DEEP,
    "6a09e667-f3bc-4908-b2fb-1366ea957d3e",
]
# Every name that any call reads; what a call does not know it ignores.
NAMES = (
    *("name", "description", "type", "type_id", "task", "task_id", "version", "records", "images"),
    *("objects", "groups", "meta_data", "exclusive", "production", "base64", "url", "noresize"),
    *("test_image", "test_group", "real", "data", "image", "detection_label", "color", "user"),
    *("output_name", "group_id", "image_id", "service", "query_record", "filter", "k", "radius"),
    *("_id", "_url", "_base64", "group", "collection", "count", "fields_to_return"),
)
QUERIES = (
    *("page=99999999999999999999999", "page=-1", "page=%00", "page=٣", "page_size=9e9"),
    *("search=%00", "search=%ED%A0%80", "search=%FF", "search=" + "%25" * 3000),
    *("ordering=%00", "ordering=-password", "workspace=%00", "workspace=%FF", "cursor=%00"),
    *("page=2&cursor=2x100.AAAA", "page=2&cursor=2x100.%FF", "type=%00", "type=%FF", "task=%FF"),
    *("status=%00", "test=%00", "min_images=9" * 2, "min_images=" + "9" * 400, "verified=%00"),
    "a=b&" * 500,
)
# What is called at two places is the same view there: once is enough.
API = [route for route in ROUTES if type(route) is Api and not route.name.endswith("-alias")]


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    made = api_client(cast.alice)
    made.raise_request_exception = False
    return made


def address(route: Api, cast: Cast) -> str:
    return reverse(route.name, args=THINGS[route.thing](cast))


def writing(route: Api) -> list[str]:
    return [method for method in route.methods.split() if method in ("POST", "PUT", "PATCH")]


@pytest.mark.parametrize("route", [route for route in API if writing(route)], ids=lambda r: r.name)
def test_any_body(route: Api, cast: Cast, client: ApiClient) -> None:
    at = address(route, cast)
    for method in writing(route):
        for value in VALUES:
            body = json.dumps(dict.fromkeys(NAMES, value)).encode()
            answer = client.generic(method, at, body, content_type="application/json")
            assert answer.status_code < 500, (method, str(value)[:80])
            if not isinstance(value, str | int | float | bool | None):
                continue
            form = {name: str(value) for name in NAMES if name != "base64"}
            answer = getattr(client, method.lower())(at, form, format="multipart")
            assert answer.status_code < 500, (method, "form", str(value)[:80])


def names_read(method: str, at: str) -> list[str]:
    """Return the fields that a call's schema has in its body; all, where it is in no schema."""
    fitting = [
        path
        for path in openapi()["paths"]
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path.rstrip("/")), at.rstrip("/"))
    ]
    if not fitting:
        return list(NAMES)
    path = min(fitting, key=lambda path: path.count("{"))  # "update" is no id
    body = openapi()["paths"][path][method.lower()].get("requestBody")
    schema = body["content"]["application/json"]["schema"] if body else {}
    return sorted(set(properties(schema)))


def properties(schema: dict[str, Any]) -> Iterator[str]:
    """Go through the names of an object's fields, in whatever alternatives they stand."""
    if "$ref" in schema:
        schema = openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield from schema.get("properties", ())
    for alternative in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from properties(alternative)


@pytest.mark.parametrize("route", [route for route in API if writing(route)], ids=lambda r: r.name)
def test_any_single_field(route: Api, cast: Cast, client: ApiClient) -> None:
    """One field at a time: the first wrong one must not hide the others."""
    at, method = address(route, cast), writing(route)[0]
    for name in names_read(method, at):
        for value in (NUL, 1 << 63, {NUL: [NUL]}):
            body = json.dumps({"name": "x", "records": [{}]} | {name: value}).encode()
            answer = client.generic(method, at, body, content_type="application/json")
            assert answer.status_code < 500, (name, str(value)[:80])


RAW = [
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b'{"name": ' + b"9" * 100_000 + b"}",
    b'{"name": 1e400}',
    b'{"name": NaN}',
    b'{"name": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"name": "\xff"}',
    b"\xff\xfe",
    b'{"name": "a", "name": "b"}',
    b"\xef\xbb\xbf{}",
    b"\x00" * 100,
]


@pytest.mark.parametrize("route", [route for route in API if writing(route)], ids=lambda r: r.name)
def test_any_bytes(route: Api, cast: Cast, client: ApiClient) -> None:
    at = address(route, cast)
    kinds = (
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    )
    for kind in kinds:
        for body in RAW:
            answer = client.generic(writing(route)[0], at, body, content_type=kind)
            assert answer.status_code < 500, (kind, body[:40])


@pytest.mark.parametrize(
    "route", [route for route in API if "GET" in route.methods.split()], ids=lambda r: r.name
)
def test_any_query(route: Api, cast: Cast, client: ApiClient) -> None:
    at = address(route, cast)
    for query in QUERIES:
        answer = client.get(f"{at}?{query}")
        assert answer.status_code < 500, query[:80]
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/json", query[:80]


@pytest.mark.parametrize(
    "name", ["a\x00b.jpg", "\ud800.jpg", "x" * 5000, "../../a.jpg", "…/\u202e"]
)
def test_any_file_name(cast: Cast, client: ApiClient, name: str) -> None:
    at = reverse("api-images")
    head = f'--x\r\nContent-Disposition: form-data; name="img_path"; filename="{name}"\r\n\r\n'
    body = head.encode(errors="surrogatepass") + b"no picture\r\n--x--\r\n"
    answer = client.generic("POST", at, body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
