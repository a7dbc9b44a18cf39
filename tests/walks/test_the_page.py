"""Every call that the public page writes down, made by curl as it stands there, and its kin.

The examples are the page's own, to the letter: only the host, the key and the ids are filled in.
"""

import base64
import json
import re
import shlex
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dashboard.jobs import runner
from dashboard.models import Job
from dashboard.services.workspaces.workspaces import open_workspace
from tests.factories import Cast, drawn_jpeg, make_key
from tests.walks.page import (
    ADD_GROUPS,
    ADD_IMAGES,
    ADD_OBJECTS,
    CREATE_GROUP,
    CREATE_TASK,
    CREATE_TYPE,
    GROUP_ELSEWHERE,
    HOSTED,
    IN_A_WORKSPACE,
    LIST_TASKS,
    REMOVE_GROUPS,
    REMOVE_IMAGES,
    REMOVE_OBJECTS,
)

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

# In an error text the client finds an image's id by this pattern, and by no other.
VERSION_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

SIMILARITY = "similarity/training/v2"
TASK, TYPE, GROUP = f"{SIMILARITY}/task", f"{SIMILARITY}/type", f"{SIMILARITY}/group"
MODEL, IMAGE, ALIAS = f"{SIMILARITY}/model", "recognition/v2/training-image", "recognition/v2/group"


class Answer(NamedTuple):
    """What came back: the status, the head's fields in small letters, the body."""

    status: int
    head: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def curl(command: str, *more: str) -> Answer:
    """Run a command of curl and read its last answer."""
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "curl"
    quiet = ["--silent", "--include", "--max-time", "30"]
    done = subprocess.run([program, *quiet, *arguments, *more], capture_output=True, check=True)
    head, _, text = done.stdout.decode().partition("\r\n\r\n")
    if head.split()[1] == "100":  # curl asked whether it may send a body
        head, _, text = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), fields, text)


Call = Callable[..., Answer]


@pytest.fixture
def page(cast: Cast, endpoint: str) -> Call:
    """Run an example of the page with the names in capitals filled in."""
    key = make_key(cast.bob)

    def run(example: str, **names: str) -> Answer:
        command = example.replace(HOSTED, endpoint).replace("__API_TOKEN__", key)
        for name, value in names.items():
            command = command.replace(name, value)
        return curl(command)

    return run


@pytest.fixture
def kin(cast: Cast, endpoint: str) -> Call:
    """Ask what the contract says beside the page, as Ann: method, path, more of curl."""
    key = make_key(cast.ann)

    def run(method: str, address: str, *more: str, body: Any = None) -> Answer:
        command = f"curl -X {method} -H 'Authorization: Token {key}' '{endpoint}{address}'"
        if body is not None:
            more = ("-H", "Content-Type: application/json", "-d", json.dumps(body), *more)
        return curl(command, *more)

    return run


def test_from_the_first_type_to_a_descriptor(page: Call, kin: Call, tmp_path: Path) -> None:
    made = page(CREATE_TYPE, __YOUR_NAME__="Same product")
    kind = _thing(made)
    assert kind["name"] == "Same product"
    groups = [_group(page, kind["id"], name) for name in ("Red shoe", "Blue shoe")]
    for number, group in enumerate(groups):
        for seed in range(2):
            image = _image(kin, tmp_path, 10 * number + seed)
            added = page(ADD_IMAGES, __GROUP_ID__=group["id"], __IMAGE_ID__=image["id"])
            assert (added.status, added.json) == (200, {"added": 1, "already": 0})
    task = _thing(page(CREATE_TASK, __YOUR_NAME__="Shoes"))
    listed = page(LIST_TASKS)
    assert (listed.status, listed.json["results"][0]["id"]) == (200, task["id"])
    assert kin("POST", f"{TASK}/{task['id']}/add-type", body={"type_id": kind["id"]}).status == 200
    started = kin("POST", f"{TASK}/{task['id']}/train")
    assert started.status == 202
    runner.run_job(str(Job.objects.get().id))
    model = kin("GET", f"{MODEL}/{started.json['id']}").json
    assert (model["train_status"], model["version"]) == ("TRAINED", 1)
    _check_descriptor(kin, task, drawn_jpeg(1))


def _thing(answer: Answer) -> Any:
    assert answer.status == 201, answer.text
    assert VERSION_4.fullmatch(answer.json["id"])
    assert answer.head["content-type"] == "application/json"
    assert answer.head["x-request-id"]
    return answer.json


def _group(page: Call, type_id: str, name: str) -> Any:
    return _thing(page(CREATE_GROUP, _SOME_GROUP_NAME_=name, _TYPE_ID_=type_id))


def _image(kin: Call, folder: Path, seed: int) -> Any:
    file = folder / f"{seed}.jpg"
    file.write_bytes(drawn_jpeg(seed))
    return _thing(kin("POST", IMAGE, "-F", f"img_path=@{file}"))


def _check_descriptor(kin: Call, task: Any, picture: bytes) -> None:
    sent = {
        "task_id": task["id"],
        "version": 1,
        "records": [{"_id": "a", "_base64": base64.b64encode(picture).decode()}],
    }
    answer = kin("POST", "similarity/training/v2/descriptor", body=sent)
    assert answer.status == 200, answer.text
    assert answer.json["status"]["code"] == 200
    (record,) = answer.json["records"]
    assert (record["_id"], record["_width"], record["_height"]) == ("a", 64, 48)
    assert len(record["_descriptor"]) > 0
    assert "_base64" not in record


def test_put_in_and_take_out(page: Call, kin: Call, tmp_path: Path) -> None:
    group = _group(page, _thing(page(CREATE_TYPE, __YOUR_NAME__="Alike"))["id"], "Red")
    names = {"__GROUP_ID__": group["id"], "__IMAGE_ID__": _image(kin, tmp_path, 1)["id"]}
    for answer in ({"added": 1, "already": 0}, {"added": 0, "already": 1}):
        assert page(ADD_IMAGES, **names).json == answer
    for answer in ({"removed": 1, "missing": 0}, {"removed": 0, "missing": 1}):
        assert page(REMOVE_IMAGES, **names).json == answer


def test_groups_and_objects_too(page: Call, kin: Call, tmp_path: Path) -> None:
    """The page names the group that holds and the one that is held alike: the first is the path."""
    kind = _thing(page(CREATE_TYPE, __YOUR_NAME__="Alike"))["id"]
    outer, inner = _group(page, kind, "Outer"), _group(page, kind, "Inner")
    for example, once, again in (
        (ADD_GROUPS, {"added": 1, "already": 0}, {"added": 0, "already": 1}),
        (REMOVE_GROUPS, {"removed": 1, "missing": 0}, {"removed": 0, "missing": 1}),
    ):
        command = example.replace("__GROUP_ID__", outer["id"], 1)
        assert page(command, __GROUP_ID__=inner["id"]).json == once
        assert page(command, __GROUP_ID__=inner["id"]).json == again
    itself = page(ADD_GROUPS, __GROUP_ID__=outer["id"])
    assert (itself.status, list(itself.json)) == (400, ["detail"])
    (label,) = kin("GET", "detection/v2/label").json["results"]
    image = _image(kin, tmp_path, 1)
    box = {"detection_label": label["id"], "image": image["id"], "data": [0, 0, 9, 9]}
    region = _thing(kin("POST", "detection/v2/object", body=box))
    names = {"__GROUP_ID__": inner["id"], "__OBJECT_ID__": region["id"]}
    assert page(ADD_OBJECTS, **names).json == {"added": 1, "already": 0}
    assert page(REMOVE_OBJECTS, **names).json == {"removed": 1, "missing": 0}


def test_another_workspace(cast: Cast, page: Call) -> None:
    """The page's last examples: the workspace in the query, and in the body at an alias."""
    other = open_workspace(name="Second shop", actor=cast.bob)
    command = "curl -H 'Authorization: Token __API_TOKEN__' "
    for address in IN_A_WORKSPACE:
        answer = page(f"{command}'{address}'", WORKSPACE_ID=str(other.id))
        assert (answer.status, answer.json["count"]) == (200, 0)
        assert page(f"{command}'{address}'", WORKSPACE_ID=str(cast.elsewhere.id)).status == 404
        assert page(f"{command}'{address}'", WORKSPACE_ID="Default").status == 200
    kind = _thing(page(CREATE_TYPE.replace("-F", f"-F workspace={other.id} -F", 1)))
    assert kind["workspace"] == str(other.id)
    names = {"__TYPE__": kind["id"], "__NAME__": "Red"}
    group = _thing(page(GROUP_ELSEWHERE, **names, __WORKSPACE_ID__=str(other.id)))
    assert (group["workspace"], group["type"]["id"]) == (str(other.id), kind["id"])
    forbidden = page(GROUP_ELSEWHERE, **names, __WORKSPACE_ID__=str(cast.elsewhere.id))
    assert forbidden.status == 404


@pytest.mark.parametrize("slash", ["", "/"])
def test_with_and_without_a_slash(kin: Call, slash: str, tmp_path: Path) -> None:
    """No method is redirected: a redirected POST would lose its body."""
    task = _thing(kin("POST", TASK + slash, body={"name": "Shoes"}))
    kind = _thing(kin("POST", TYPE + slash, body={"name": "Alike"}))
    group = _thing(kin("POST", GROUP + slash, body={"name": "Red", "type": kind["id"]}))
    image = _image(kin, tmp_path, 1)
    for address in (TASK, TYPE, GROUP, IMAGE, MODEL, ALIAS, "recognition/v2/model"):
        assert kin("GET", address + slash).status == 200
    things = ((TASK, task), (TYPE, kind), (GROUP, group), (ALIAS, group), (IMAGE, image))
    for address, thing in things:
        one = f"{address}/{thing['id']}{slash}"
        for method in ("GET", "PUT", "PATCH"):
            answer = kin(method, one, body={})
            assert (answer.status, answer.json["id"]) == (200, thing["id"]), (method, one)
    for name in ("add-type", "remove-type"):
        changed = kin("POST", f"{TASK}/{task['id']}/{name}{slash}", body={"type": kind["id"]})
        assert changed.status == 200
    for name in ("add-images", "remove-images"):
        address = f"{GROUP}/{group['id']}/{name}{slash}"
        assert kin("POST", address, body={"images": [image["id"]]}).status == 200
    assert kin("POST", f"{TASK}/{task['id']}/train{slash}", body={}).status == 400
    descriptor = kin("POST", f"{SIMILARITY}/descriptor{slash}", body={})
    assert (descriptor.status, descriptor.json["status"]["code"]) == (400, 400)
    for address, thing in ((TASK, task), (GROUP, group), (TYPE, kind), (IMAGE, image)):
        one = f"{address}/{thing['id']}{slash}"
        gone = kin("DELETE", one)
        assert (gone.status, gone.text) == (204, "")
        assert kin("GET", one).status == 404


FORMS = {
    "json": lambda fields: ("-H", "Content-Type: application/json", "-d", json.dumps(fields)),
    "form": lambda fields: tuple(
        part for name, value in fields.items() for part in ("--data-urlencode", f"{name}={value}")
    ),
    "multipart": lambda fields: tuple(
        part for name, value in fields.items() for part in ("-F", f"{name}={value}")
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_body(kin: Call, form: str, tmp_path: Path) -> None:
    send = FORMS[form]
    kind = _thing(kin("POST", TYPE, *send({"name": "Same söle", "description": ""})))
    assert kind["name"] == "Same söle"
    fields = {"name": "Red", "type": kind["id"], "unknown": "x"}
    group = _thing(kin("POST", GROUP, *send(fields)))
    one = f"{GROUP}/{group['id']}"
    meta: Any = {"sku": [7, None]}
    meta = meta if form == "json" else json.dumps(meta)
    assert kin("PATCH", one, *send({"meta_data": meta})).json["meta_data"] == {"sku": [7, None]}
    renamed = kin("PUT", one, *send({"name": "Blue"})).json
    assert (renamed["name"], renamed["meta_data"]) == ("Blue", {"sku": [7, None]})
    ids = [_image(kin, tmp_path, seed)["id"] for seed in range(2)]
    sent = send({"images": ids}) if form == "json" else send({"images": ids[0]})
    sent += () if form == "json" else send({"images": ids[1]})
    added = kin("POST", f"{one}/add-images", *sent)
    assert added.json == {"added": 2, "already": 0}


def test_broken_and_missing_bodies(kin: Call) -> None:
    broken = kin("POST", TASK, "-H", "Content-Type: application/json", "-d", '{"name": ')
    assert broken.status == 400
    assert isinstance(broken.json["detail"], str)
    assert kin("POST", TASK).json == {"name": ["This field is required."]}
    assert kin("POST", TASK, "-H", "Content-Type: application/json").status == 400


def test_images_in_three_ways(kin: Call, tmp_path: Path, endpoint: str) -> None:
    files = [drawn_jpeg(seed, (900, 800)) for seed in range(3)]
    (tmp_path / "shoe.jpg").write_bytes(files[0])
    upload = ("-F", f"img_path=@{tmp_path / 'shoe.jpg'}", "-F", 'meta_data={"a": 1}')
    first = _thing(kin("POST", IMAGE, *upload, "-F", "test_image=true"))
    assert (first["file_name"], first["meta_data"], first["test_image"]) == (
        "shoe.jpg",
        {"a": 1},
        True,
    )
    assert min(first["img_width"], first["img_height"]) == 600
    bare = base64.b64encode(files[1]).decode()
    body = {"base64": f"data:image/jpeg;base64,{bare}", "noresize": True}
    second = _thing(kin("POST", IMAGE, body=body))
    assert (second["img_width"], second["img_height"]) == (900, 800)
    again = kin("POST", IMAGE, body={"base64": bare})
    assert again.status == 400
    known = f"The image already exists in this workspace, image ID: {second['id']}"
    assert again.json == {"detail": known}
    refused = kin("POST", IMAGE, body={"url": f"{endpoint}static/shoe.jpg"})
    assert (refused.status, list(refused.json)) == (403, ["detail"])
    _check_links(second, endpoint, files[1])


def _check_links(image: Any, endpoint: str, uploaded: bytes) -> None:
    for name in ("img_path", "thumb_img_path"):
        link = image[name]
        assert link.startswith(endpoint)
        opened = subprocess.run(["curl", "-sf", link], capture_output=True, check=True).stdout
        assert opened[:3] == uploaded[:3]
        bare = link.partition("?")[0]
        for other in (bare, link[:-1] + ("A" if link[-1] != "A" else "B")):
            assert curl(f"curl '{other}'").status == 403
    assert image["img_path"].partition("?")[0].endswith(f"/{image['id']}.jpg")


def test_lists(kin: Call, endpoint: str) -> None:
    kind = _thing(kin("POST", TYPE, body={"name": "Alike"}))
    for number in range(5):
        kin("POST", GROUP, body={"name": f"Group {number}", "type": kind["id"]})
    seen: list[str] = []
    address: str | None = f"{GROUP}/?page_size=2&type={kind['id']}&search=GROUP&unknown=x"
    while address:
        found = kin("GET", address).json
        assert found["count"] == 5
        seen += [group["name"] for group in found["results"]]
        following = found["next"]
        assert following is None or following.startswith(endpoint)
        assert following is None or "unknown=x" in following
        address = following and following.removeprefix(endpoint)
    assert seen == [f"Group {number}" for number in reversed(range(5))]
    named = kin("GET", f"{GROUP}?ordering=name&page_size=1&page=2").json
    assert (named["results"][0]["name"], named["previous"] is None) == ("Group 1", False)
    assert kin("GET", f"{GROUP}?page=4&page_size=2").status == 404
    assert kin("GET", f"{GROUP}?empty=True").json["count"] == 5
    assert kin("GET", f"{GROUP}?test=1").json["count"] == 0
    assert kin("GET", f"{GROUP}?type={uuid.uuid4()}").json["count"] == 0
    assert kin("GET", f"{GROUP}?type=none").status == 400


def test_who_asks(cast: Cast, kin: Call, endpoint: str) -> None:
    for header in ("", "-H 'Authorization: Token lw_wrong'"):
        answer = curl(f"curl {header} {endpoint}{TASK}")
        assert (answer.status, list(answer.json)) == (401, ["detail"])
        assert answer.head["www-authenticate"] == "token"
    stranger, viewer = make_key(cast.charlie), make_key(cast.vera)
    task = _thing(kin("POST", TASK, body={"name": "Shoes"}))
    for key, status in ((stranger, 404), (viewer, 403)):
        command = f"curl -X DELETE -H 'authorization: Token {key}' {endpoint}{TASK}/{task['id']}"
        answer = curl(command)
        assert (answer.status, list(answer.json)) == (status, ["detail"])
    assert kin("GET", f"{TASK}/{uuid.uuid4()}").status == 404
    assert kin("GET", f"{SIMILARITY}/nothing").status == 404
