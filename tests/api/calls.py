"""What the tests of the API share: addresses, and the refusals that every call has."""

import json
from typing import Any

from accounts.models import Scope
from tests.factories import Cast, api_client, make_key

SIMILARITY = "/similarity/training/v2"
TASK, TYPE, GROUP = f"{SIMILARITY}/task/", f"{SIMILARITY}/type/", f"{SIMILARITY}/group/"
MODEL, DESCRIPTOR = f"{SIMILARITY}/model/", f"{SIMILARITY}/descriptor"
COLLECTION, CUSTOM = "/account/v2/collection/", "/similarity/custom/v2/"
IMAGE = "/recognition/v2/training-image/"
LABEL, OBJECT = "/detection/v2/label/", "/detection/v2/object/"
NOBODYS = "6a09e667-f3bc-4908-b2fb-1366ea957d3e"
REQUEST, WORKSPACE = "/account/v2/request/", "/account/v2/workspace/"


def check_refusals(
    cast: Cast, method: str, address: str, body: Any = None, *, writes: bool = True
) -> None:
    """No token: 401. A stranger: 404. A viewer and a key that reads: 403, if the call writes."""
    reads = make_key(cast.alice, name="reads", scope=Scope.READ)
    expected = [(None, 401), (cast.charlie, 404)]
    if writes:
        expected += [(cast.vera, 403), (reads, 403)]  # type: ignore[list-item]
    for who, status in expected:
        answer = getattr(api_client(who), method)(address, body)
        assert answer.status_code == status, (who, answer.data)
        assert isinstance(answer.data["detail"], str)
    assert getattr(api_client(None), method)(address, body)["WWW-Authenticate"] == "Token"


def in_workspace(cast: Cast, address: str) -> str:
    """Name the cast's workspace in an address, which nobody may do who is no member."""
    return f"{address}?workspace={cast.workspace.id}"


def whole(answer: Any) -> Any:
    """Return what an answer that comes in parts says."""
    return json.loads(b"".join(answer.streaming_content))
