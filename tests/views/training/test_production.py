"""Say which version answers when none is named."""

from django.test import Client

from dashboard.models import Task, Version
from tests.factories import Cast, make_task, make_version


def test_it_works(ann_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    address = f"/versions/{version.id}"
    assert "Put into production" in ann_client.get(address).content.decode()
    ann_client.post(f"{address}/production", {"production": "1"})
    assert Task.objects.get().production_version == version
    assert "Take out of production" in ann_client.get(address).content.decode()
    ann_client.post(f"{address}/production", {"production": "0"})
    assert Task.objects.get().production_version is None


def test_an_editor_may_not(bob_client: Client, cast: Cast) -> None:
    version = make_version(make_task(cast.workspace))
    assert "Put into production" not in bob_client.get(f"/versions/{version.id}").content.decode()
    assert bob_client.post(f"/versions/{version.id}/production").status_code == 403


def test_one_that_is_not_trained(ann_client: Client, cast: Cast) -> None:
    version = make_version(
        make_task(cast.workspace), status=Version.Status.ERROR, trained=None, dimension=None
    )
    ann_client.post(f"/versions/{version.id}/production", {"production": "1"})
    assert Task.objects.get().production_version is None
