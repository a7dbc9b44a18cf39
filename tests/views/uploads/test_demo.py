"""The page of the demo: what it made, and the way back."""

import pytest
from django.test import Client

from dashboard.models import Job, Task
from dashboard.queries.uploads.demo import find_demo
from dashboard.services.uploads.demo import start_demo
from tests.factories import Cast
from tests.services.uploads.test_demo import run_everything


@pytest.fixture
def _loaded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.demo.pictures.PRODUCTS", 12)
    monkeypatch.setattr("dashboard.demo.pictures.VIEWS", 3)
    start_demo(workspace=cast.workspace, actor=cast.bob)
    run_everything(but=(Job.Kind.TRAIN, Job.Kind.DESCRIBE))


@pytest.mark.usefixtures("_loaded")
def test_it_works(bob_client: Client, cast: Cast) -> None:
    assert "not trained yet" in bob_client.get("/demo/").content.decode()
    run_everything()
    job = Job.objects.get(kind=Job.Kind.DEMO)
    assert 'href="/demo/"' in bob_client.get(f"/jobs/{job.pk}").content.decode()
    assert 'href="/demo/"' in bob_client.get("/").content.decode()
    page = bob_client.get("/demo/")
    text = page.content.decode()
    demo = find_demo(cast.workspace)
    assert demo is not None
    version = demo.version()
    assert version is not None
    wanted = [f"/uploads/{demo.upload.pk}", f"/tasks/{demo.task.pk}", f"/versions/{version.pk}"]
    wanted += [f"/types/{one.pk}" for one in demo.types()] + [f"/search/?version={version.pk}"]
    wanted += [f"/groups/{one.pk}" for one in demo.groups(6)]
    assert len(wanted) == 12
    assert [address for address in wanted if f'href="{address}"' not in text] == []
    assert 'action="/demo/remove"' in text
    assert bob_client.get(f"/search/?version={version.pk}").status_code == 200


@pytest.mark.usefixtures("_loaded")
def test_remove(bob_client: Client, cast: Cast) -> None:
    answer = bob_client.post("/demo/remove")
    job = Job.objects.get(kind=Job.Kind.UNDO)
    assert (answer.status_code, answer["Location"]) == (303, f"/jobs/{job.pk}")
    assert not Task.objects.exists()
    assert bob_client.post("/demo/remove")["Location"] == "/demo/"
    assert "no longer in this workspace" in bob_client.get("/demo/").content.decode()


@pytest.mark.usefixtures("_loaded")
def test_a_viewer_looks_and_removes_nothing(vera_client: Client) -> None:
    page = vera_client.get("/demo/").content.decode()
    assert "Task “Demo shop”" in page
    assert "/demo/remove" not in page
    assert vera_client.post("/demo/remove").status_code == 403


@pytest.mark.usefixtures("_loaded")
def test_a_stranger_sees_none_of_it(charlie_client: Client) -> None:
    assert "Demo shop" not in charlie_client.get("/demo/").content.decode()
    charlie_client.post("/demo/remove")
    assert Task.objects.exists()


def test_without_a_demo_it_offers_one(bob_client: Client, vera_client: Client) -> None:
    assert 'action="/demo"' in bob_client.get("/demo/").content.decode()
    assert "No demo" in vera_client.get("/demo/").content.decode()
