"""Every call that takes JSON takes a form of either kind: lists repeated, objects as JSON text."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from dashboard.models import AsyncRequest, Collection
from tests.api.calls import CUSTOM, DESCRIPTOR, REQUEST
from tests.api.training.described import OPERATIONS, agrees
from tests.factories import (
    ApiClient,
    Cast,
    api_client,
    make_collection,
    make_records,
)

KINDS = ("multipart/form-data", "application/x-www-form-urlencoded")
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)

each_kind = pytest.mark.parametrize("kind", KINDS)


class FormClient:
    """Sends bodies as forms, as a browser or `curl -F` does."""

    def __init__(self, client: ApiClient, kind: str) -> None:
        self.client, self.kind = client, kind

    def post(self, address: str, body: dict[str, Any], **headers: str) -> Any:
        texts = {name: self._texts(value) for name, value in body.items()}
        if self.kind == KINDS[0]:
            return self.client.post(address, texts, format="multipart", headers=headers)
        sent = urlencode(texts, doseq=True)
        return self.client.post(address, sent, content_type=self.kind, headers=headers)

    def _texts(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._texts(one) for one in value]
        return json.dumps(value) if isinstance(value, dict) else value


@pytest.fixture
def collection(cast: Cast) -> Collection:
    made = make_collection(cast.workspace)
    make_records(made, "a", "b", "c", colour="red")
    return made


@each_kind
def test_the_methods_of_a_collection(cast: Cast, collection: Collection, kind: str) -> None:
    client = FormClient(api_client(cast.bob), kind)

    def ask(method: str, **body: Any) -> tuple[int, Any]:
        answer = client.post(CUSTOM + method, body, **{"collection-id": str(collection.pk)}).json()
        shown = [one.get("_id") for one in answer.get("answer_records", [])]
        return answer["status"]["code"], shown

    ids = [{"_id": key} for key in ("a", "b")]
    assert ask("ping") == (200, [])
    assert ask("get", records=ids, fields_to_return=["name", "colour"]) == (205, ["a", "b"])
    assert ask("update", records=[{"_id": "b", "colour": "blue"}]) == (200, ["b"])
    assert ask("allRecords", filter={"colour": "red"}) == (200, ["a", "c"])
    assert ask("allRecords", filter="") == (200, ["a", "b", "c"])
    assert ask("visualKNN", query_record={"_id": "c"}, k=1) == (200, ["c"])
    assert ask("visualRange", records=ids, radius="0.0001") == (200, ["a", "b"])
    assert ask("visualRankRecords", query_record={"_id": "b"}, records=ids)[1][0] == "b"
    assert ask("random", count=3, filter={"colour": "blue"}) == (200, ["b"])
    assert ask("insert", records=[{"_id": "d", "_base64": PICTURE}]) == (210, ["d"])
    assert ask("delete", records=[{"_id": "a"}]) == (220, ["a"])
    assert ask("deleteByFilter", filter={"colour": "red"}) == (220, ["c"])


@each_kind
def test_descriptors_and_long_requests(cast: Cast, collection: Collection, kind: str) -> None:
    client, task = FormClient(api_client(cast.bob), kind), str(collection.task_id)
    records = [{"_id": key, "_base64": PICTURE} for key in "xy"]
    described = client.post(DESCRIPTOR, {"task_id": task, "records": records})
    assert [record["_id"] for record in described.json()["records"]] == ["x", "y"]
    body = {"type": "descriptor", "task_id": task, "records": records}
    asked = client.post(REQUEST, body)
    assert (asked.status_code, asked.json()["progress"]["total"]) == (202, 2)
    body = {"type": "upload", "records": [{"_base64": PICTURE, "meta_data": {"a": 1}}]}
    assert client.post(REQUEST, body).status_code == 202
    assert AsyncRequest.objects.count() == 2


@each_kind
def test_the_check_of_a_token(cast: Cast, kind: str) -> None:
    body = {"service": "similarity", "call_type": "request"}
    answer = FormClient(api_client(cast.vera), kind).post("/authorization/v2/authorize", body)
    assert answer.json() == {"user_id": str(cast.vera.pk)}


@each_kind
@pytest.mark.parametrize("sent", ["{", "[]", "7", "x"])
def test_text_that_is_no_object(cast: Cast, collection: Collection, kind: str, sent: str) -> None:
    client = FormClient(api_client(cast.bob), kind)
    for body in ({"records": [sent]}, {"query_record": sent}, {"filter": sent}):
        method = "allRecords" if "filter" in body else "visualKNN"
        answer = client.post(CUSTOM + method, body, **{"collection-id": str(collection.pk)})
        assert (answer.status_code, answer.json()["status"]["code"]) == (400, 400)


@pytest.mark.parametrize("names", [["a\x00"], ["ok", "x" * 256]])
def test_a_name_that_is_none(cast: Cast, collection: Collection, names: list[str]) -> None:
    client, headers = api_client(cast.bob), {"collection-id": str(collection.pk)}
    answer = client.post(f"{CUSTOM}allRecords", {"fields_to_return": names}, headers=headers)
    assert answer.status_code == 400
    agrees(answer, f"{CUSTOM}allRecords")
    (sentence,) = answer.json()["fields_to_return"]
    assert sentence.startswith(f"Name {len(names)}: ")


def test_the_schema_tells_of_all_three() -> None:
    bodies = [
        (path, method, set(operation["requestBody"]["content"]))
        for path, method, operation in OPERATIONS
        if "requestBody" in operation
    ]
    assert bodies
    assert [one for one in bodies if one[2] != {"application/json", *KINDS}] == []


def test_parts_that_nobody_can_read_are_refused(cast: Cast) -> None:
    client = api_client(cast.bob)
    kind = "multipart/form-data; boundary=x"
    for part in (b"[{}]", b"Content-Disposition: form-data\r\n\r\nred"):
        body = b"--x\r\n" + part + b"\r\n--x--\r\n"
        answer = client.post("/authorization/v2/authorize", body, content_type=kind)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("The form has no part that can be read")
    for empty in (b"", b"--x--\r\n", b"--x\r\n\r\n--x--\r\n"):
        answer = client.post("/authorization/v2/authorize", empty, content_type=kind)
        assert answer.status_code == 200
