"""A workspace that is closed leaves nothing behind."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from accounts.errors import InvitationWithdrawn
from accounts.models import Workspace
from accounts.queries import find_membership, find_token, get_invitation_by_secret
from accounts.team import invite_member
from dashboard.files.store import paths, storage
from dashboard.jobs import runner, sweep
from dashboard.models import (
    AsyncRecord,
    ConnectionToken,
    Extraction,
    Feature,
    Fill,
    GroupRegion,
    Image,
    Imported,
    Job,
    RegionFeature,
    SentFeature,
    Transfer,
    Twin,
    TwinMember,
    UploadChunk,
    UploadFile,
    UploadGroup,
    UploadPart,
    UploadType,
    Verification,
)
from dashboard.queries.jobs.claim_order import next_in
from dashboard.queries.workspaces.workspaces import rows_of as rows_to_remove
from dashboard.services.jobs import jobs
from dashboard.services.journal.numbers import number_changes
from dashboard.services.library.groups import add_images
from dashboard.services.library.images import add_image
from dashboard.services.library.nesting import add_groups
from dashboard.services.training.tasks import add_type
from dashboard.services.training.versions import set_production
from dashboard.services.webhooks.webhooks import send_test
from dashboard.services.workspaces import workspaces
from dashboard.services.workspaces.workspaces import close_workspace
from tests.factories import (
    Cast,
    drawn_jpeg,
    make_collection,
    make_group,
    make_image,
    make_job,
    make_key,
    make_link,
    make_outgoing,
    make_records,
    make_region,
    make_request,
    make_task,
    make_type,
    make_upload,
    make_version,
    make_webhook,
)


def filled(workspace: Workspace) -> None:
    """Put at least one row into every table that has any of a workspace."""
    images = [make_image(workspace, seed=seed) for seed in range(5)]
    owner = workspace.memberships.get(role="owner").user
    kind = make_type(workspace)
    group, above = make_group(kind), make_group(kind, "Shoes")
    add_images(group=group, ids=[image.pk for image in images], actor=owner)
    add_groups(group=above, ids=[group.pk], actor=owner)
    region = make_region(images[0])
    GroupRegion.objects.create(
        group=group, region=region, similarity_type=kind, exclusive=kind.exclusive
    )
    Feature.objects.create(workspace=workspace, image=images[0], encoder="builtin-1", vector=b"1")
    RegionFeature.objects.create(
        workspace=workspace, image=images[0], right=8, bottom=8, left=0, top=0, vector=b"1"
    )
    task = make_task(workspace)
    add_type(task=task, similarity_type=kind, actor=owner)
    version = make_version(task)
    set_production(version=version, production=True, actor=owner)
    Extraction.objects.create(workspace=workspace, version=version, format="csv")
    upload = make_upload(workspace, similarity_type=kind, then_train=task)
    part = UploadPart.objects.create(
        upload=upload, number=0, name="a.zip", size=1, path="x", kind="archive"
    )
    UploadChunk.objects.create(part=part, start=0, size=1, path="x")
    file = UploadFile.objects.create(
        upload=upload, part=part, number=0, name="a.jpg", image=images[0], group=group
    )
    SentFeature.objects.create(file=file, vector=b"1")
    UploadGroup.objects.create(upload=upload, group=group)
    UploadType.objects.create(upload=upload, similarity_type=kind)
    Verification.objects.create(workspace=workspace, user=owner, group=group)
    make_job(workspace, subject_id=upload.pk)
    AsyncRecord.objects.create(request=make_request(workspace), number=0, fields=b"{}")
    make_key(owner, workspace)
    invite_member(workspace=workspace, email="ivy@example.org", role="viewer", actor=owner)
    collection = make_collection(workspace)
    make_records(collection, "a", "b")
    Fill.objects.create(workspace=workspace, collection=collection)
    transfer = Transfer.objects.create(workspace=workspace, direction="export")
    Imported.objects.create(transfer=transfer, noun="image", old_id=region.pk, new_id=region.pk)
    link = make_link(workspace)
    make_outgoing(link)
    twins = [
        Twin.objects.create(link=link, noun=noun, local_id=thing.pk, remote_id=noun)
        for noun, thing in (("group", group), ("image", images[0]))
    ]
    TwinMember.objects.create(container=twins[0], member=twins[1])
    ConnectionToken.objects.create(
        connection=link.connection,
        membership=workspace.memberships.get(role="owner"),
        secret="encrypted",
    )
    send_test(webhook=make_webhook(workspace), actor=owner)
    number_changes(workspace=workspace)


def rows_of(workspace: Workspace) -> dict[str, int]:
    """Count the rows of every table that names a workspace."""
    return {
        model.__name__: model._default_manager.filter(workspace=workspace.pk).count()
        for model in apps.get_models()
        if any(field.name == "workspace" for field in model._meta.fields)
    }


@pytest.fixture
def workspace(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(workspaces, "ROWS_PER_BATCH", 2)
    filled(cast.workspace)
    filled(cast.elsewhere)
    return cast.workspace


@pytest.fixture
def closing(cast: Cast, workspace: Workspace) -> Job:
    return close_workspace(workspace=workspace, actor=cast.alice)


def is_gone(workspace: Workspace) -> bool:
    return not (
        Workspace.objects.filter(pk=workspace.pk).exists()
        or any(rows_of(workspace).values())
        or any(rows.exists() for rows in rows_to_remove(workspace))
        or any(storage.names(paths.workspace(workspace.pk)))
    )


def test_it_works(workspace: Workspace, closing: Job) -> None:
    assert any(storage.names(paths.workspace(workspace.pk)))
    runner.run_job(str(closing.pk))
    assert is_gone(workspace)


def test_the_test_fills_every_table(workspace: Workspace) -> None:
    assert [rows.model.__name__ for rows in rows_to_remove(workspace) if not rows.exists()] == []
    assert {rows.model.__name__ for rows in rows_to_remove(workspace)} >= rows_of(workspace).keys()


def test_nobody_sees_it_before_the_job_has_begun(cast: Cast, workspace: Workspace) -> None:
    key = make_key(cast.bob, workspace)
    _, secret = invite_member(
        workspace=workspace, email="ida@example.org", role="viewer", actor=cast.alice
    )
    close_workspace(workspace=workspace, actor=cast.alice)
    assert find_token(key) is None
    for person in (cast.alice, cast.ann, cast.bob, cast.vera):
        assert find_membership(person, workspace.pk) is None
    with pytest.raises(InvitationWithdrawn):
        get_invitation_by_secret(secret)


def test_the_neighbour_keeps_everything(cast: Cast, closing: Job) -> None:
    folder = paths.workspace(cast.elsewhere.pk)
    before = rows_of(cast.elsewhere), sorted(storage.names(folder))
    runner.run_job(str(closing.pk))
    assert (rows_of(cast.elsewhere), sorted(storage.names(folder))) == before


def test_nothing_goes_until_it_is_closed_for_good(cast: Cast, workspace: Workspace) -> None:
    with transaction.atomic():
        close_workspace(workspace=workspace, actor=cast.alice)
        transaction.set_rollback(True)
    assert find_membership(cast.alice, workspace.pk) is not None
    assert not Job.objects.filter(kind=Job.Kind.CLOSE).exists()


def test_closing_twice_is_one_job(cast: Cast, workspace: Workspace, closing: Job) -> None:
    assert close_workspace(workspace=workspace, actor=cast.alice) == closing


# A worker dies


def dying_after(steps: int, function: Any) -> Any:
    """Return the function, which ends the process as a kill does when it is called once more."""
    calls: list[None] = []

    def wrapped(*args: Any, **options: Any) -> Any:
        if len(calls) == steps:
            raise KeyboardInterrupt
        calls.append(None)
        return function(*args, **options)

    return wrapped


@pytest.mark.parametrize("steps", [0, 1, 4, 9])
@pytest.mark.parametrize("where", ["in a batch", "in the files"])
def test_a_worker_that_dies_in_the_middle_loses_nothing(
    workspace: Workspace, closing: Job, monkeypatch: pytest.MonkeyPatch, where: str, steps: int
) -> None:
    with monkeypatch.context() as patch:
        if where == "in a batch":
            patch.setattr(jobs.Handle, "report", dying_after(steps, jobs.Handle.report))
        else:
            patch.setattr(storage, "delete", dying_after(steps, storage.delete))
        with pytest.raises(KeyboardInterrupt):
            runner.run_job(str(closing.pk))
    assert not is_gone(workspace)
    closing.refresh_from_db()
    assert closing.state == Job.State.QUEUED
    runner.run_job(str(closing.pk))
    assert is_gone(workspace)


def test_a_worker_that_is_silent_loses_the_job_to_another(
    workspace: Workspace, closing: Job
) -> None:
    silent = jobs.claim(closing.pk, "silent")
    assert silent is not None
    Job.objects.filter(pk=closing.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.take_back_expired()
    assert closing in next_in("upload")
    runner.run_job(str(closing.pk))
    assert is_gone(workspace)
    with pytest.raises(jobs.LeaseLost):
        jobs.Handle(silent).report(done=1)


def test_it_is_never_given_up(
    workspace: Workspace, closing: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(storage, "delete", dying_after(0, storage.delete))
        for _ in range(Job.MAX_TRIES + 2):
            with pytest.raises(KeyboardInterrupt):
                runner.run_job(str(closing.pk))
    Job.objects.update(not_before=timezone.now())
    sweep.give_up_worn_out()
    assert closing in next_in("upload")
    runner.run_job(str(closing.pk))
    assert is_gone(workspace)


# Others who are still at work in it


def test_what_waits_is_cancelled_and_what_runs_is_waited_for(
    cast: Cast, workspace: Workspace
) -> None:
    waiting = Job.objects.get(workspace=workspace, kind=Job.Kind.UPLOAD)
    running = jobs.claim(make_job(workspace, title="Another").pk, "worker")
    assert running is not None
    closing = close_workspace(workspace=workspace, actor=cast.alice)
    waiting.refresh_from_db()
    assert waiting.state == Job.State.CANCELLED
    with pytest.raises(jobs.JobCancelled):
        jobs.Handle(running).check()

    runner.run_job(str(closing.pk))
    closing.refresh_from_db()
    assert (closing.state, closing.tries) == (Job.State.QUEUED, 0)
    assert Image.objects.filter(workspace=workspace).exists()

    jobs.end(running, state=Job.State.CANCELLED)
    runner.run_job(str(closing.pk))
    assert is_gone(workspace)


def test_what_a_late_request_wrote_goes_too(
    cast: Cast, workspace: Workspace, closing: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_rows = workspaces._remove_rows
    late: list[Image] = []

    def while_it_is_removed(*args: Any) -> None:
        remove_rows(*args)
        if not late:
            late.append(add_image(workspace=workspace, data=drawn_jpeg(), actor=cast.alice))

    monkeypatch.setattr(workspaces, "_remove_rows", while_it_is_removed)
    runner.run_job(str(closing.pk))
    assert late
    assert is_gone(workspace)


def test_the_log_remembers_who_did_it(
    cast: Cast, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    closing = close_workspace(workspace=workspace, actor=cast.alice)
    assert f"workspace-closed workspace={workspace.pk} actor={cast.alice.pk}" in caplog.text
    runner.run_job(str(closing.pk))
    assert f"workspace-removed workspace={workspace.pk}" in caplog.text
