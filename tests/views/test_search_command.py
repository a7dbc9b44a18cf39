"""The command that repeats a search as a call of the API: safe in a shell, whatever is in it."""

import base64
import json
import subprocess
from pathlib import Path

from dashboard.views.snippets import Shown, curl_descriptor, curl_nearest, curl_nearest_to
from tests.factories import (
    Cast,
    drawn_jpeg,
    make_collection,
    make_task,
    make_version,
)


def test_the_command_sends_a_file(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(drawn_jpeg(1))
    version = make_version(make_task(cast.workspace))
    body = sent(curl_descriptor(version), tmp_path)
    assert f'"task_id": "{version.task_id}", "version": 1' in body
    assert '"_base64": "/9j/' in body


def test_the_command_sends_an_address_whatever_is_in_it(cast: Cast, tmp_path: Path) -> None:
    version = make_version(make_task(cast.workspace))
    shown = Shown(url="https://x/'; touch ruin; $(touch ruin) '")
    body = sent(curl_descriptor(version, shown), tmp_path)
    assert "touch ruin" in body
    assert not (tmp_path / "ruin").exists()


def test_the_command_sends_the_file_that_was_searched_with(cast: Cast, tmp_path: Path) -> None:
    name = "-my 'shoe' $(touch ruin).jpg"
    (tmp_path / name).write_bytes(drawn_jpeg(1))
    version = make_version(make_task(cast.workspace))
    assert '"_base64": "/9j/' in sent(curl_descriptor(version, Shown(file=name)), tmp_path)
    assert not (tmp_path / "ruin").exists()


def test_the_command_fetches_an_image_of_the_workspace(cast: Cast, tmp_path: Path) -> None:
    version = make_version(make_task(cast.workspace))
    link = "/media/a.jpg?expires=1&signature=b"
    body = sent(curl_descriptor(version, Shown(link=link)), tmp_path)
    (record,) = json.loads(body)["records"]
    assert base64.b64decode(record["_base64"]).decode() == f"http://testserver{link}", (
        "what the false curl prints"
    )


def test_the_command_searches_the_collection_as_was_seen(cast: Cast, tmp_path: Path) -> None:
    """By a record of it one more is asked for: the call answers with that record first."""
    collection = make_collection(cast.workspace)
    url, key = "https://x/a.jpg", "mine & 'yours'"
    for command, wanted in (
        (curl_nearest(collection, Shown(url=url), 12), ({"_url": url}, 12)),
        (curl_nearest_to(collection, key, 12), ({"_id": key}, 13)),
    ):
        body = json.loads(sent(command, tmp_path))
        assert (body["query_record"], body["k"]) == wanted
        assert f'-H "collection-id: {collection.pk}"' in command
        assert "/similarity/custom/v2/visualKNN" in command


def sent(command: str, folder: Path) -> str:
    """Run the command with a curl that prints its last argument, or what is piped into it."""
    fake = 'curl() { case "${!#}" in @-) cat;; *) printf "%s" "${!#}";; esac; }\n'
    done = subprocess.run(
        ["bash", "-c", fake + command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout
