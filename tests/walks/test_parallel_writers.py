"""Twenty clients write to one server at once; nothing is lost, doubled or refused for nothing."""

import base64
import re
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.factories import drawn_jpeg
from tests.live import EMAIL, Server

pytestmark = pytest.mark.live
CLIENTS = 20


class Crowd:
    """Twenty clients with one key, each in a thread and on a connection of its own."""

    def __init__(self, server: Server) -> None:
        key = server.manage("token", "create", "--email", EMAIL, "--name", "crowd")
        self.headers = {"Authorization": f"Token {key}"}
        self.url = server.url
        self.pool = ThreadPoolExecutor(CLIENTS)

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(
            method, self.url + path, json=body, headers=self.headers, timeout=60
        )

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def all_at_once(self, calls: Iterable[Callable[[], Any]]) -> list[Any]:
        return [done.result() for done in [self.pool.submit(call) for call in calls]]

    def upload(self, seed: int) -> requests.Response:
        data = base64.b64encode(drawn_jpeg(seed)).decode()
        return self.ask("POST", "recognition/v2/training-image", {"base64": data})

    def group(self, kind: str, name: str) -> str:
        made = self.post("similarity/training/v2/group", {"name": name, "type": kind})
        return str(made["id"])

    def change(self, group: str, verb: str, ids: list[str]) -> requests.Response:
        path = f"similarity/training/v2/group/{group}/{verb}-images"
        return self.ask("POST", path, {"images": ids})

    def shown(self, group: str) -> set[str]:
        """Return who is in a group, after seeing that its counter says the same."""
        whole = self.ask("GET", f"similarity/training/v2/group/{group}").json()
        assert whole["images_count"] == len(whole["images"])
        return {image["id"] for image in whole["images"]}


def test_it_works(server: Server) -> None:
    crowd = Crowd(server)
    kind = crowd.post("similarity/training/v2/type", {"name": "Same product"})["id"]
    uploads = crowd.all_at_once(lambda seed=seed: crowd.upload(seed) for seed in range(CLIENTS))  # type: ignore[misc]
    assert {answer.status_code for answer in uploads} == {201}
    ids = [answer.json()["id"] for answer in uploads]
    add_to_one_group(crowd, crowd.group(kind, "One"), ids)
    take_one_of_two(crowd, ids)
    same_bytes(crowd, seed=100)
    bring_back(crowd, ids[0], seed=0)
    delete_while_others_add(crowd, kind, ids)
    log = server.log.read_text().lower()
    assert "database is locked" not in log
    assert "deadlock" not in log
    # The server says 503 of itself until its worker has shown up.
    failed = [line for line in log.splitlines() if "status=5" in line and "/healthz" not in line]
    assert failed == []


def add_to_one_group(crowd: Crowd, group: str, ids: list[str]) -> None:
    """Add overlapping halves of the images to one group, then take them out again."""
    halves = [[*ids[at:], *ids[:at]][: CLIENTS // 2] for at in range(CLIENTS)]
    answers = crowd.all_at_once(
        lambda half=half: crowd.change(group, "add", half).json()  # type: ignore[misc]
        for half in halves  # type: ignore[misc]
    )
    assert sum(answer["added"] for answer in answers) == len(ids)
    assert sum(answer["already"] for answer in answers) == len(ids) * (CLIENTS // 2 - 1)
    assert crowd.shown(group) == set(ids)
    answers = crowd.all_at_once(
        lambda half=half: crowd.change(group, "remove", half).json()  # type: ignore[misc]
        for half in halves  # type: ignore[misc]
    )
    assert sum(answer["removed"] for answer in answers) == len(ids)
    assert crowd.shown(group) == set()


def take_one_of_two(crowd: Crowd, ids: list[str]) -> None:
    """Add all images to many groups of an exclusive type at once: one group gets them."""
    body = {"name": "Same shoe", "exclusive": True}
    kind = crowd.post("similarity/training/v2/type", body)["id"]
    groups = [crowd.group(kind, str(number)) for number in range(5)]
    answers = crowd.all_at_once(
        lambda group=group: crowd.change(group, "add", ids).status_code  # type: ignore[misc]
        for group in groups  # type: ignore[misc]
    )
    assert Counter(answers) == {200: 1, 400: 4}
    assert sorted(len(crowd.shown(group)) for group in groups) == [0, 0, 0, 0, len(ids)]


def same_bytes(crowd: Crowd, seed: int) -> None:
    """Upload the same bytes at once: one image, and the others are told its id."""
    answers = crowd.all_at_once([lambda: crowd.upload(seed)] * CLIENTS)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CLIENTS - 1}
    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer.status_code == 400:
            assert re.search(f"already exists.*image ID: {made['id']}$", answer.json()["detail"])
    assert requests.get(made["img_path"], timeout=60).status_code == 200


def bring_back(crowd: Crowd, image: str, seed: int) -> None:
    """Upload a deleted image's bytes at once, while it is deleted: it is there whole, or gone."""
    path = f"recognition/v2/training-image/{image}"
    assert crowd.ask("DELETE", path).status_code == 204
    answers = crowd.all_at_once([lambda: crowd.upload(seed)] * CLIENTS)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CLIENTS - 1}
    crowd.all_at_once(
        [lambda: crowd.ask("DELETE", path), *[lambda: crowd.upload(seed)] * (CLIENTS - 1)]
    )
    found = crowd.ask("GET", path)
    assert found.status_code in (200, 404)
    if found.status_code == 200:
        for link in ("img_path", "thumb_img_path"):
            assert requests.get(found.json()[link], timeout=60).status_code == 200
    else:
        assert crowd.upload(seed).status_code == 201


def delete_while_others_add(crowd: Crowd, kind: str, ids: list[str]) -> None:
    """Delete images and a group while they are added: nobody is in a group who is not there."""
    groups = [crowd.group(kind, f"Of many {number}") for number in range(4)]
    calls: list[Callable[[], requests.Response]] = []
    for at, image in enumerate(ids[: CLIENTS // 2]):
        group = groups[at % len(groups)]
        calls += [
            lambda group=group: crowd.change(group, "add", ids),  # type: ignore[misc]
            lambda image=image: crowd.ask("DELETE", f"recognition/v2/training-image/{image}"),  # type: ignore[misc]
            lambda group=group: crowd.change(group, "add", ids[CLIENTS // 2 :]),  # type: ignore[misc]
        ]
    calls.append(lambda: crowd.ask("DELETE", f"similarity/training/v2/group/{groups[3]}"))
    answers = crowd.all_at_once(calls)
    assert {answer.status_code for answer in answers} <= {200, 204, 400, 404}
    for group in groups[:3]:
        assert crowd.shown(group) == set(ids[CLIENTS // 2 :])
    listed = crowd.ask("GET", "similarity/training/v2/type/" + kind).json()
    assert listed["groups_count"] == 4
