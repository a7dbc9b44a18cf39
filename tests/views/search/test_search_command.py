"""The command that repeats a search as a call of the API: safe in a shell, whatever is in it."""

import json
import subprocess
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.jobs.runner import run_job
from dashboard.services.training.describing import start_describing
from dashboard.views.search.snippets import (
    SEARCH,
    Shown,
    curl_descriptor,
    curl_nearest,
    curl_search,
)
from tests.factories import (
    Cast,
    api_client,
    drawn_jpeg,
    make_collection,
    make_image,
    make_key,
    make_task,
    make_version,
    signed_in,
)


def test_the_command_sends_a_file(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "image.jpg").write_bytes(drawn_jpeg(1))
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


def test_the_command_searches_as_was_seen(cast: Cast, tmp_path: Path) -> None:
    """By version, image and number of results: what the call finds is what the page showed."""
    images = [make_image(cast.workspace, seed) for seed in range(15)]
    job = start_describing(workspace=cast.workspace, actor=cast.bob)
    assert job is not None
    run_job(str(job.pk))
    (tmp_path / "mine.jpg").write_bytes(drawn_jpeg(3))
    client, key = signed_in(cast.vera), make_key(cast.vera)
    file = SimpleUploadedFile("mine.jpg", drawn_jpeg(3))
    for asked in ({"image": images[0].pk}, {"file": file}):
        data = {**asked, "k": "12", "version": ""}
        page = client.post("/search/", data, follow=True)
        seen = [str(hit.tile["id"]) for hit in page.context["hits"]]
        command = page.context["query"].curl
        assert f"{SEARCH} \\" in command.replace("'", "")
        answer = api_client(key).post(SEARCH, json.loads(sent(command, tmp_path)))
        assert [one["_id"] for one in answer.json()["answer_records"]] == seen
        assert len(seen) == 12


def test_the_command_names_the_version(cast: Cast, tmp_path: Path) -> None:
    version = make_version(make_task(cast.workspace))
    command = curl_search(cast.workspace, version, Shown(url="https://x/a.jpg"), 48)
    assert json.loads(sent(command, tmp_path)) == {
        "workspace": str(cast.workspace.pk),
        "query_record": {"_url": "https://x/a.jpg"},
        "k": 48,
        "task_id": str(version.task_id),
        "version": 1,
    }


def test_the_command_searches_the_collection_as_was_seen(cast: Cast, tmp_path: Path) -> None:
    """By a record of it one more is asked for: the call answers with that record first."""
    collection = make_collection(cast.workspace)
    url, key = "https://x/a.jpg", "mine & 'yours'"
    for shown, wanted in (
        (Shown(url=url), ({"_url": url}, 12)),
        (Shown(key=key), ({"_id": key}, 13)),
    ):
        command = curl_nearest(collection, shown, 12)
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
