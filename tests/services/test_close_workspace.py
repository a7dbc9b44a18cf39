"""A workspace that is closed leaves nothing behind."""

import logging

import pytest
from django.apps import apps
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Workspace
from dashboard.files import paths, storage
from dashboard.models import Job
from dashboard.services import jobs
from dashboard.services.groups import add_images
from dashboard.services.workspaces import close_workspace
from tests.factories import (
    Cast,
    make_group,
    make_image,
    make_job,
    make_key,
    make_region,
    make_task,
    make_type,
    make_upload,
    make_version,
)


def filled(workspace: Workspace) -> None:
    image = make_image(workspace, seed=1)
    add_images(group=make_group(make_type(workspace)), ids=[image.pk], actor=image.uploaded_by)
    make_region(image)
    make_version(make_task(workspace))
    make_job(workspace, subject_id=make_upload(workspace).pk)
    make_key(workspace.memberships.get(role="owner").user, workspace)


def rows_of(workspace: Workspace) -> dict[str, int]:
    """Count the rows of every table that names a workspace."""
    return {
        model.__name__: model._default_manager.filter(workspace=workspace.pk).count()
        for model in apps.get_models()
        if any(field.name == "workspace" for field in model._meta.fields)
    }


@pytest.fixture
def workspace(cast: Cast) -> Workspace:
    filled(cast.workspace)
    filled(cast.elsewhere)
    return cast.workspace


def test_it_works(
    cast: Cast,
    workspace: Workspace,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    folder = paths.workspace(workspace.pk)
    assert any(storage.names(folder))
    with django_capture_on_commit_callbacks(execute=True):
        close_workspace(workspace=workspace, actor=cast.alice)
    assert not Workspace.objects.filter(pk=workspace.pk).exists()
    assert not any(rows_of(workspace).values())
    assert not any(storage.names(folder))


def test_the_neighbour_keeps_everything(
    cast: Cast,
    workspace: Workspace,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    folder = paths.workspace(cast.elsewhere.pk)
    before = rows_of(cast.elsewhere), list(storage.names(folder))
    with django_capture_on_commit_callbacks(execute=True):
        close_workspace(workspace=workspace, actor=cast.alice)
    assert (rows_of(cast.elsewhere), list(storage.names(folder))) == before


def test_the_files_stay_until_the_rows_are_gone_for_good(cast: Cast, workspace: Workspace) -> None:
    folder = paths.workspace(workspace.pk)
    with transaction.atomic():
        close_workspace(workspace=workspace, actor=cast.alice)
        transaction.set_rollback(True)
    assert Workspace.objects.filter(pk=workspace.pk).exists()
    assert any(storage.names(folder))


def test_a_worker_loses_its_job(cast: Cast, workspace: Workspace) -> None:
    job = jobs.claim(Job.objects.get(workspace=workspace).pk, "worker")
    assert job is not None
    close_workspace(workspace=workspace, actor=cast.alice)
    with pytest.raises(jobs.LeaseLost):
        jobs.Handle(job).report(done=1)


def test_the_log_remembers_who_did_it(
    cast: Cast, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    close_workspace(workspace=workspace, actor=cast.alice)
    assert f"workspace-closed workspace={workspace.pk} actor={cast.alice.pk}" in caplog.text
