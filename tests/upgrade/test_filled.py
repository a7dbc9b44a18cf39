"""An installation of commit b3b30e7, with a row of every kind, goes on with the code of today."""

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from accounts.models import Change, User, Workspace
from accounts.verbs import Verb
from dashboard.engine.prior import BOTH, BUILTIN
from dashboard.models import Feature, Image, Job, Version
from dashboard.queries.journal.changes import since
from dashboard.services.doctor.doctor import examine
from dashboard.services.journal.numbers import number_all
from dashboard.services.training.describing import start_second_looks
from dashboard.services.training.descriptors import describe
from tests.browser.demo import PAGES
from tests.factories import api_client, drawn_jpeg, signed_in
from tests.services.uploads.uploaded import ran
from tests.upgrade.databases import another
from tests.upgrade.filled import read, told, unpack_files
from tests.upgrade.history import load_sql

# Kept while an extraction of sent files is under way, and while a worker is.
WITHOUT_ROWS = {"dashboard_sentfeature", "dashboard_workersign"}


@pytest.fixture
def _upgraded(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[None]:
    """Put the installation in place of the test's own, and migrate it."""
    unpack_files(Path(settings.LIKEWISE_DATA))
    with django_db_blocker.unblock(), another(tmp_path):
        load_sql(connection, read(f"{connection.vendor}.sql"))
        call_command("migrate", interactive=False, verbosity=0)
        yield


@pytest.mark.usefixtures("_upgraded")
def test_it_goes_on() -> None:
    _expect_the_activity()
    kept = _expect_search_to_go_on()
    _expect_waiting_jobs_to_be_done()
    _expect_search_by_both(kept)
    assert [str(finding) for finding in examine(mend=False, older_than=0)] == []
    _expect_the_pages()
    _expect_the_lists()
    _expect_the_descriptor()


def _expect_the_activity() -> None:
    """What was done is told as before; what was undone then is undone in the journal."""
    was = read("postgresql.sql").count("INSERT INTO public.accounts_activity ")
    assert Change.objects.count() == was > 50
    undoing = Change.objects.select_related("undoes").get(verb=Verb.UNDID)
    assert undoing.undoes is not None
    assert (undoing.undoes.verb, undoing.undoes.target_id) == (Verb.UPLOADED, undoing.target_id)
    uploaded = Change.objects.filter(verb=Verb.UPLOADED)
    assert set(uploaded.values_list("inverse", flat=True)) == {"upload"}
    assert number_all() == was
    for workspace in Workspace.objects.all():
        numbers = [change.sequence for change in since(workspace, 0, was)]
        assert numbers == [*range(1, len(numbers) + 1)]


def _expect_search_to_go_on() -> dict[int, bytes]:
    """Search goes by what has looked at the images until the new default has, too."""
    seen = set(Feature.objects.values_list("workspace", "encoder"))
    assert {encoder for _, encoder in seen} == {BUILTIN}
    workspaces = Workspace.objects.exclude(search_encoder="")
    assert set(workspaces.values_list("pk", "search_encoder")) == seen
    start_second_looks()
    return dict(Feature.objects.values_list("pk", "vector"))


def _expect_search_by_both(kept: dict[int, bytes]) -> None:
    assert {row.search_encoder for row in Workspace.objects.all()} <= {"", BOTH}
    assert Feature.objects.filter(encoder=BOTH).count() == Image.objects.present().count()
    there = Feature.objects.filter(pk__in=kept).values_list("pk", "vector")
    assert {key: bytes(vector) for key, vector in there} == {k: bytes(v) for k, v in kept.items()}


def _expect_waiting_jobs_to_be_done() -> None:
    waiting = Job.objects.filter(state=Job.State.QUEUED)
    assert waiting
    assert {ran(job).state for job in waiting} == {Job.State.DONE}


def _expect_the_pages() -> None:
    alice = User.objects.get(email=told()["email"])
    # As who made the first account: pages of the whole installation are for her.
    User.objects.filter(pk=alice.pk).update(is_superuser=True, is_staff=True)
    client = signed_in(alice)
    version = Version.objects.get(pk=told()["version"])
    client.post(reverse("workspace-switch"), {"workspace": version.workspace_id})
    for page in (page for listed in PAGES.values() for page in listed if _is_known(page)):
        answer = client.get(page.format(**told()["paths"]), follow=True)
        # 422 is the page that a link with a spent secret leads to.
        assert answer.status_code in (200, 422), page


def _expect_the_lists() -> None:
    client = api_client(told()["key"])
    for path, noun in (
        ("recognition/v2/training-image", "images"),
        ("detection/v2/label", "labels"),
    ):
        answer = client.get(f"/{path}")
        assert (answer.status_code, answer.json()["count"]) == (200, told()[noun])


def _expect_the_descriptor() -> None:
    version = Version.objects.get(pk=told()["version"])
    [described] = describe(version=version, pictures_bytes=[drawn_jpeg(7)])
    assert isinstance(described, tuple)
    np.testing.assert_allclose(described[0], told()["descriptor"], atol=1e-5)


def _is_known(page: str) -> bool:
    """Say whether the installation has what the page is about: of a later noun it has nothing."""
    return _names(page) <= told()["paths"].keys()


def _names(page: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(page) if name}


@pytest.mark.usefixtures("_upgraded")
def test_it_has_a_row_of_every_kind_of_that_day() -> None:
    empty = {
        model._meta.db_table
        for app in ("accounts", "dashboard")
        for model in apps.get_app_config(app).get_models()
        if f"CREATE TABLE public.{model._meta.db_table} " in read("postgresql.sql")
        and not model._default_manager.exists()
    }
    assert empty == WITHOUT_ROWS
