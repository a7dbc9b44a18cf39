"""Bodies: who may send them is judged first, values are counted before they are built."""

import base64
import io
import json
import threading
import tracemalloc
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from rest_framework.exceptions import Throttled

from accounts.models import Membership, Role, Scope
from dashboard.api import bodies
from dashboard.api.bodies import NAMES, PLAIN, RECORDS, BodyMemory
from dashboard.models import Collection
from tests.api.calls import CUSTOM, DESCRIPTOR, GROUP, IMAGE, REQUEST, TASK, TYPE
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    make_group,
    make_image,
    make_key,
    make_task,
    make_type,
)

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"
MB = 1 << 20


class Stream(io.BytesIO):
    """A body that knows how much of it was read."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.length = len(body)


def send(
    client: ApiClient,
    address: str,
    body: bytes | Stream,
    method: str = "POST",
    kind: str = "application/json",
    **head: Any,
) -> Any:
    stream = body if isinstance(body, Stream) else Stream(body)
    head |= {"CONTENT_LENGTH": str(stream.length), "CONTENT_TYPE": kind, "wsgi.input": stream}
    return client.generic(method, address, b"", kind, **head)


@pytest.fixture
def writing(cast: Cast, collection: Collection) -> list[tuple[str, str]]:
    """Return calls that write."""
    group = make_group(make_type(cast.workspace))
    image, task = make_image(cast.workspace), make_task(cast.workspace)
    return [
        ("POST", TASK),
        ("PUT", f"{TASK}{task.id}"),
        ("POST", f"{TASK}{task.id}/train"),
        ("POST", TYPE),
        ("POST", GROUP),
        ("PATCH", f"{GROUP}{group.id}"),
        ("POST", f"{GROUP}{group.id}/add-images"),
        ("POST", f"{GROUP}update"),
        ("POST", IMAGE),
        ("PATCH", f"{IMAGE}{image.id}"),
        ("POST", f"{IMAGE}update"),
        ("POST", "/detection/v2/label"),
        ("POST", "/detection/v2/object"),
        ("POST", "/account/v2/collection"),
        ("POST", "/account/v2/upload"),
        ("PATCH", f"/account/v2/workspace/{cast.workspace.id}"),
        *(("POST", f"{CUSTOM}{one}") for one in ("insert", "update", "delete", "deleteByFilter")),
    ]


@pytest.mark.parametrize("named", [False, True])
def test_rights_are_judged_before_the_body_is_read(
    cast: Cast, collection: Collection, writing: list[tuple[str, str]], named: bool
) -> None:
    reads = make_key(cast.alice, name="reads", scope=Scope.READ)
    header = {"HTTP_COLLECTION_ID": str(collection.id)}
    for method, address in writing:
        for who, status in ((None, 401), (cast.charlie, 404), (cast.vera, 403), (reads, 403)):
            stream = Stream(b"[" + b"{}," * (MB // 3))
            where = f"{address}?workspace={cast.workspace.id}" if named else address
            if who == cast.charlie and not named:
                continue  # he may do it in his own workspace, which the body may name
            answer = send(api_client(who), where, stream, method, **header)
            assert answer.status_code == status, (method, where, who, answer.content)
            assert stream.tell() == 0, (method, where, who)


def test_whoever_may_write_somewhere_may_name_that_in_the_body(cast: Cast) -> None:
    """Vera views in the workspace of her token and edits in another, which only the body says."""
    Membership.objects.create(workspace=cast.elsewhere, user=cast.vera, role=Role.EDITOR)
    client = api_client(make_key(cast.vera, workspace=cast.workspace))
    body = {"name": "Shoes", "workspace": str(cast.elsewhere.id)}
    assert client.post(TASK, body).status_code == 201
    assert client.post(TASK, {"name": "Shoes"}).status_code == 403
    assert client.post(TASK, {"name": "x", "workspace": str(uuid.uuid4())}).status_code == 404


# Limits


def test_what_the_contract_allows_has_room(
    cast: Cast, collection: Collection, settings: Any
) -> None:
    """10,000 ids as JSON and as forms, as many keys of 255 letters, an image of 32 MB."""
    ids = [str(uuid.uuid4()) for _ in range(10_000)]
    sent = [
        (json.dumps({"images": ids, "mark-test": True}).encode(), "application/json"),
        (urlencode({"images": ids, "mark-test": True}, doseq=True).encode(), FORM),
        (multipart(ids), f"multipart/form-data; boundary={BOUNDARY}"),
    ]
    client = api_client(cast.bob)
    for body, kind in sent:
        assert PLAIN.bytes - len(body) > MB // 4
        answer = send(client, f"{IMAGE}update", body, kind=kind)
        assert (answer.status_code, "No image" in str(answer.json())) == (400, True), answer.json()
    keys = [f"{n:05}" + "𝄞" * 250 for n in range(10_000)]
    body = {"records": [{"_id": key} for key in keys], "fields_to_return": keys}  # type: ignore[assignment]
    answer = send(
        client,
        f"{CUSTOM}get",
        json.dumps(body, ensure_ascii=False).encode(),
        HTTP_COLLECTION_ID=str(collection.id),
    )
    assert len(answer.json()["skipped_records"]) == 10_000
    image = base64.b64encode(b"\xfb\xff\xbf" * ((32 << 20) // 3))
    answer = send(client, IMAGE, b"base64=" + image.replace(b"+", b"%2B"), kind=FORM)
    assert answer.status_code == 413
    assert "percent" in answer.json()["detail"]
    image = base64.b64encode(bytes(range(256)) * ((32 << 20) // 256))
    answer = send(client, IMAGE, urlencode({"base64": image}).encode(), kind=FORM)
    assert (answer.status_code, "valid base64" in str(answer.json())) == (400, False)


BOUNDARY = "-" * 24 + "0123456789abcdef"


def multipart(ids: list[str]) -> bytes:
    parts = [("images", one) for one in ids] + [("mark-test", "true")]
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    written = "".join(f'{head}"{name}"\r\n\r\n{value}\r\n' for name, value in parts)
    return f"{written}--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize(
    ("address", "limit"),
    [
        (TASK, PLAIN),
        (GROUP, PLAIN),
        (f"{IMAGE}update", PLAIN),
        (f"{CUSTOM}get", NAMES),
        (f"{CUSTOM}allRecords", NAMES),
        (f"{CUSTOM}insert", RECORDS),
        (f"{CUSTOM}visualKNN", RECORDS),
        (DESCRIPTOR, RECORDS),
        (REQUEST, RECORDS),
        (IMAGE, RECORDS),
    ],
)
def test_beyond_the_limit_nothing_is_built(
    cast: Cast, collection: Collection, monkeypatch: pytest.MonkeyPatch, address: str, limit: Any
) -> None:
    built: list[int] = []
    monkeypatch.setattr("dashboard.api.rendering.orjson.loads", built.append)
    header = {"HTTP_COLLECTION_ID": str(collection.id)}
    stream = Stream(b" ")
    stream.length = limit.bytes + 1
    answer = send(api_client(cast.bob), address, stream, **header)
    assert (answer.status_code, stream.tell()) == (413, 0)
    body = b'{"records":[' + b"{}," * (limit.values // 2 + 1) + b"{}]}"
    answer = send(api_client(cast.bob), address, body, **header)
    assert answer.status_code == 413, answer.content
    assert f"{limit.values:,} values" in answer.json()["detail"]
    assert ("status" in answer.json()) == (CUSTOM in address or address == DESCRIPTOR)
    assert built == []


def test_the_memory_of_refused_and_accepted_bodies(cast: Cast) -> None:
    """39 MB of `{},` took 4.2 GB. What is refused takes 8 MB, the rest of it lies on the disk."""
    client = api_client(cast.bob)
    make_task(cast.workspace)
    whole = b'{"records":[' + b"{}," * (39 * MB // 3) + b"{}]}"
    worst = b'{"records":[' + b'{"a":1},' * (RECORDS.values // 2 - 10) + b'{"a":1}]}'
    for body, status, most in ((whole, 413, 20 * MB), (worst, 400, 250 * MB)):
        stream = Stream(body)
        send(client, DESCRIPTOR, b"{}")
        tracemalloc.start()
        answer = send(client, DESCRIPTOR, stream)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert answer.status_code == status, answer.content[:300]
        assert peak < most, f"{peak >> 20} MB"


def test_json_in_a_field_of_a_form(cast: Cast) -> None:
    address = f"{GROUP}{make_group(make_type(cast.workspace)).id}"
    text = '{"a": [' + "{}," * 60_000 + "{}]}"
    answer = api_client(cast.bob).patch(address, {"meta_data": text}, format="multipart")
    assert (answer.status_code, "at most 100,000" in str(answer.json())) == (400, True)


@pytest.mark.parametrize("body", [b"1" * MB, b"[" * MB, b'{"a":' * (MB // 5), b"-0." + b"1" * MB])
def test_numbers_and_depths_without_end(cast: Cast, body: bytes) -> None:
    for text in (body, b'{"name": ' + body + b"}", b'{"name": "x", "a": ' + body + b"}"):
        assert send(api_client(cast.bob), TASK, text).status_code in (201, 400, 413)


# Large ones at once


def test_the_room_for_large_bodies(settings: Any) -> None:
    settings.LIKEWISE_MAX_BODY = 128 << 20
    room, order = BodyMemory(), []
    first = room.take(400 << 20)
    waiting = [threading.Thread(target=lambda: order.append(room.take(300 << 20)))]
    waiting[0].start()
    assert (order, first, room.taken) == ([], 400 << 20, 400 << 20)
    room.give_back(first)
    waiting[0].join()
    assert (order, room.taken) == ([300 << 20], 300 << 20)


def test_few_wait_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BodyMemory, "WAITING", 0)
    room = BodyMemory()
    held = room.take(1 << 40)
    with pytest.raises(Throttled, match="large bodies"):
        room.take(1)
    room.give_back(held)
    assert room.take(1) == 1


def test_room_is_given_back_whatever_happens(
    cast: Cast, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    real = bodies.memory.take
    monkeypatch.setattr(
        bodies.memory, "take", lambda weight: taken.append(real(weight)) or taken[-1]
    )
    large = b'{"records": [{"_base64": "' + b"A" * (20 * MB) + b'"}]}'
    header = {"HTTP_COLLECTION_ID": str(collection.id)}
    client = api_client(cast.bob)
    for body in (large, large[:-1]):
        for kind in ("application/json", FORM):
            assert send(client, f"{CUSTOM}insert", body, kind=kind, **header).status_code == 400
    assert len(taken) == 4
    assert min(taken) >= 2 * 20 * MB
    assert bodies.memory.taken == 0


def test_what_a_body_weighs(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few megabytes may be a million values, or texts of four bytes for each letter."""
    taken: list[int] = []
    monkeypatch.setattr(bodies.memory, "take", lambda weight: taken.append(weight) or 0)
    client = api_client(cast.bob)
    for body in (
        b'{"records":[' + b'{"a":1},' * 400_000 + b"{}]}",
        b'{"a":"' + b"A" * (7 * MB) + b'\\ud83d\\ude00"}',
        b'{"a":"' + b"A" * (7 * MB) + b'"}',
    ):
        send(client, DESCRIPTOR, body)
    assert [weight > bodies.LIGHT for weight in taken] == [True, True]


def test_too_many_at_once_are_told_when_to_come_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies.memory, "taken", 1 << 40)
    monkeypatch.setattr(BodyMemory, "WAITING", 0)
    answer = send(api_client(cast.bob), IMAGE, b'{"base64": "' + b"A" * (20 * MB) + b'"}')
    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert "Too many large bodies" in answer.json()["detail"]
