"""Bodies and addresses as all kinds of programs send them; none of them breaks the server."""

import json
from typing import Any

import pytest
from django.test import Client

from dashboard.models import Task
from tests.api.calls import GROUP, IMAGE, TASK, TYPE
from tests.factories import ApiClient, Cast, api_client, make_group, make_task, make_type

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client(cast: Cast) -> ApiClient:
    return api_client(cast.bob)


def send(client: ApiClient, body: bytes, kind: str = "application/json", **extra: Any) -> Any:
    return client.generic("POST", TASK, body, content_type=kind, **extra)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"name": "Shoes", "description": null, "unknown": [1]}', "application/json"),
        (b'{"name": "Shoes"}', "application/json; charset=utf-8"),
        (b"name=Shoes&description=&unknown=1", FORM),
        (b"name=Shoes", f"{FORM}; charset=utf-8"),
        (
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nShoes\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_it_works(client: ApiClient, body: bytes, kind: str) -> None:
    answer = send(client, body, kind)
    assert answer.status_code == 201, answer.data
    assert (answer.data["name"], answer.data["description"]) == ("Shoes", "")


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_method_with_and_without_the_last_slash(
    cast: Cast, client: ApiClient, slash: str
) -> None:
    def address(of: str) -> str:
        return of.rstrip("/") + slash

    created = client.post(address(TASK), {"name": "Shoes"})
    assert created.status_code == 201
    one = address(f"{TASK}{created.data['id']}")
    assert client.get(address(TASK)).status_code == 200
    for method, status in (("get", 200), ("head", 200), ("put", 200), ("patch", 200)):
        assert getattr(client, method)(one, {}).status_code == status
    kind = make_type(cast.workspace)
    body = {"type_id": str(kind.id)}
    assert client.post(address(f"{one.rstrip('/')}/add-type"), body).status_code == 200
    assert client.post(address(f"{one.rstrip('/')}/train"), {}).status_code == 400
    assert client.delete(one).status_code == 204


@pytest.mark.parametrize(
    "address", ["/similarity", "/similarity/x", "/recognition/v2/label/", "/account/v2/x"]
)
def test_another_address_is_not_there(client: ApiClient, address: str) -> None:
    for method in ("get", "post", "put", "patch", "delete"):
        answer = getattr(client, method)(address)
        assert answer.status_code == 404
        assert isinstance(answer.json()["detail"], str)


def test_another_method_is_not_there(client: ApiClient) -> None:
    answer = client.delete(TASK)
    assert (answer.status_code, list(answer.data)) == (405, ["detail"])


# Empty and broken


@pytest.mark.parametrize("kind", ["application/json", FORM, "multipart/form-data; boundary=x", ""])
def test_an_empty_body_is_an_empty_object(client: ApiClient, kind: str) -> None:
    answer = send(client, b"", kind)
    assert (answer.status_code, list(answer.data)) == (400, ["name"])
    assert send(client, b" \n", "application/json").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"{'name': 'Shoes'}",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": 1e999}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "Shoes"} trailing',
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"[1]",
        b"null",
        b'"text"',
        b"5",
    ],
)
def test_broken_json(client: ApiClient, body: bytes) -> None:
    answer = send(client, body)
    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=Shoes", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=\x00"),
        (b"&".join(b"a=1" for _ in range(20_001)), FORM),
    ],
)
def test_a_broken_form(client: ApiClient, body: bytes, kind: str) -> None:
    answer = send(client, body, kind)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"


def test_a_form_in_another_code_page(client: ApiClient) -> None:
    assert send(client, b"name=%FF", FORM).status_code in (201, 400)
    assert send(client, b"name=%FF", f"{FORM}; charset=nonsense").status_code in (201, 400)
    assert send(client, "name=ä".encode("latin-1"), f"{FORM}; charset=latin-1").status_code < 500
    assert send(client, "name=ä".encode("utf-16"), f"{FORM}; charset=utf-16").status_code < 500


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "image/jpeg", "nonsense"])
def test_another_kind_of_body(client: ApiClient, kind: str) -> None:
    answer = send(client, b"name=Shoes", kind)
    assert (answer.status_code, list(answer.data)) == (415, ["detail"])


# Meta data


def nested(depth: int) -> dict[str, Any]:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner]
    return {"a": inner}


@pytest.mark.parametrize(
    "meta_data",
    [
        {"text": "ä\u2028\U0001f45f \\x00 \\u0000", "list": [1, -1, 0.5, None, True], "": {}},
        {"big": (1 << 64) - 1, "small": -(1 << 63), "float": 1.5e-7},
        nested(90),
        {},
    ],
)
@pytest.mark.parametrize("form", [False, True])
def test_meta_data_comes_back_as_it_was(
    cast: Cast, client: ApiClient, meta_data: Any, form: bool
) -> None:
    body = {"name": "x", "type": str(make_type(cast.workspace).id), "meta_data": meta_data}
    if form:
        body["meta_data"] = json.dumps(meta_data)
    created = client.post(GROUP, body, format="multipart" if form else "json")
    assert created.status_code == 201, created.data
    kept = client.get(f"{GROUP}{created.data['id']}").json()["meta_data"]
    assert json.dumps(kept, sort_keys=True) == json.dumps(meta_data, sort_keys=True)


BROKEN = [
    '{"a": "\\u0000"}',
    '{"\\u0000": 1}',
    '{"a": ["\\u0000"]}',
    '{"a": 1e999}',
    '{"a": NaN}',
    '{"a": -Infinity}',
    '{"a": "\\ud800"}',
    '{"a": "\\udc00x"}',
    f'{{"a": {1 << 64}}}',
    f'{{"a": {-(1 << 63) - 1}}}',
    f'{{"a": {"9" * 5000}}}',
    json.dumps(nested(200)),
    json.dumps({"a": nested(900)}),
    '{"a":' * 5000,
    "[1]",
    '"text"',
    "5",
]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("form", [False, True])
def test_meta_data_that_cannot_be_kept(
    cast: Cast, client: ApiClient, text: str, form: bool
) -> None:
    address = f"{GROUP}{make_group(make_type(cast.workspace)).id}"
    if form:
        answer = client.patch(address, {"meta_data": text}, format="multipart")
    else:
        body = f'{{"meta_data": {text}}}'
        answer = client.generic("PATCH", address, body, content_type="application/json")
    assert answer.status_code == 400
    ((name, reason),) = answer.json().items()
    assert isinstance(reason if name == "detail" else reason[0], str)


@pytest.mark.parametrize("value", [None, ""])
def test_no_meta_data_in_a_form(cast: Cast, client: ApiClient, value: Any) -> None:
    body = {"name": "x", "type": str(make_type(cast.workspace).id)}
    if value is not None:
        body["meta_data"] = value
    created = client.post(GROUP, body, format="multipart")
    assert (created.status_code, created.data["meta_data"]) == (201, {})


def test_meta_data_null(cast: Cast, client: ApiClient) -> None:
    body = {"name": "x", "type": str(make_type(cast.workspace).id), "meta_data": None}
    assert client.post(GROUP, body).data["meta_data"] == {}


# Limits


def test_a_body_over_the_limit(client: ApiClient, settings: Any) -> None:
    settings.LIKEWISE_MAX_BODY = 1000
    for kind in ("application/json", FORM, "multipart/form-data; boundary=x"):
        answer = send(client, b" " * 1001, kind)
        assert (answer.status_code, list(answer.data)) == (413, ["detail"])
    assert client.post(IMAGE, {"base64": "a" * 1000}).status_code == 413
    assert send(client, b'{"name": "Shoes"}').status_code == 201


def test_a_body_over_the_limit_of_nobody(cast: Cast, settings: Any) -> None:
    settings.LIKEWISE_MAX_BODY = 1000
    assert api_client(None).post(IMAGE, {"base64": "a" * 1000}).status_code == 401


def test_a_length_that_is_no_number(client: ApiClient) -> None:
    assert send(client, b'{"name": "Shoes"}', CONTENT_LENGTH="x").status_code == 400


def test_a_body_in_chunks_is_told_so(client: ApiClient) -> None:
    answer = send(client, b"", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, list(answer.data)) == (411, ["detail"])


# Defects


def test_a_defect_is_json_with_the_request_id(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr("dashboard.api.training.tasks.create_task", break_down)
    client = api_client(cast.bob)
    client.raise_request_exception = False
    answer = client.post(TASK, {"name": "Shoes"}, HTTP_X_REQUEST_ID="my-request-17")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] == "my-request-17"
    assert answer["Content-Type"] == "application/json"
    assert "my-request-17" in answer.json()["detail"]
    assert b"secret" not in answer.content
    assert Task.objects.count() == 0


def test_every_answer_carries_a_request_id(cast: Cast) -> None:
    make_task(cast.workspace)
    for answer in (
        Client().get(TASK),
        api_client(cast.bob).get(TYPE),
        Client().get("/recognition/x"),
    ):
        assert len(answer["X-Request-ID"]) >= 8
