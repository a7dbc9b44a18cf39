"""Each service that changes a workspace writes one change; a new one is told here, or why not."""

import importlib
import inspect
import io
import pkgutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import services as people
from accounts import team
from accounts.models import Change, Membership, Role
from accounts.second_factors import require_second_factors
from accounts.verbs import Verb
from dashboard import services
from dashboard.engine.prior import BUILTIN
from dashboard.models import Job, Transfer
from dashboard.queries.journal.changes import find_change
from dashboard.queries.search.filters import parse
from dashboard.services.exchange.transfers import delete_transfer, start_export
from dashboard.services.extractions.extractions import start_extraction
from dashboard.services.extractions.sending import describe_addresses
from dashboard.services.job_kinds import JOB_KINDS
from dashboard.services.jobs.kinds import _in_its_rows
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.journal.undoing import undo_change
from dashboard.services.library import groups, images, labels, regions, verifications
from dashboard.services.library import similarity_types as types
from dashboard.services.library.group_names import create_named_group, group_images, rename_group
from dashboard.services.library.nesting import add_groups, remove_groups
from dashboard.services.requests import async_requests as requests
from dashboard.services.search import collections, records
from dashboard.services.search.fills import start_fill
from dashboard.services.training import tasks
from dashboard.services.training.encoder_choice import choose_encoder
from dashboard.services.training.training import start_training
from dashboard.services.training.versions import delete_version, set_production
from dashboard.services.uploads import receiving, uploads
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.uploads.undo import undo_upload
from dashboard.services.workspaces.workspaces import open_workspace
from tests import factories as make
from tests.factories import Cast
from tests.services.uploads.uploaded import SHOES, committed, planned, ran, received, zipped

Act = Callable[[], object]
PEOPLE = ("services", "team", "second_factors", "account", "sessions")
ON_THE_WAY = "what is received, planned or mended is not in the workspace until it is imported"
OF_A_JOB = "queues a job once more for `retry_job`, which writes the change"
OF_ONESELF = "belongs to an account, not to a workspace: an account event tells of it"
OF_THE_INSTALLATION = "encoders belong to the installation, not to a workspace"
# Functions with an actor that write no change of their own, and why.
EXCEPTIONS = {
    "accounts.account.ask_for_email": OF_ONESELF,
    "accounts.account.confirm_email": OF_ONESELF,
    "accounts.account.forget_email_change": OF_ONESELF,
    "accounts.account.rename_user": OF_ONESELF,
    "accounts.account.set_password": OF_ONESELF + "; each token that goes has its change",
    "accounts.second_factors.renew_codes": OF_ONESELF,
    "accounts.second_factors.turn_on": OF_ONESELF,
    "accounts.sessions.end_session": OF_ONESELF,
    "exchange.transfers.open_import": ON_THE_WAY,
    "exchange.transfers.retry_transfer": OF_A_JOB,
    "exchange.transfers.send_archive": "one for what was sent by `finish_receiving`",
    "extractions.extractions.retry_extraction": OF_A_JOB,
    "extractions.sending.open_extraction": ON_THE_WAY,
    "jobs.queueing.enqueue": "a part of the services that queue jobs",
    "library.images.insert_images": "a part of larger changes, which tell of it",
    "training.describing.start_describing": "features follow from what was changed, and told",
    "training.encoders.prepare_again": OF_THE_INSTALLATION,
    "training.encoders.register_at_once": OF_THE_INSTALLATION,
    "training.encoders.register_encoder": OF_THE_INSTALLATION,
    "uploads.demo.remove_demo": "undoes the demo's upload, which tells of it at its end",
    "uploads.demo.start_demo": "its job makes types, groups, a task and an upload, each told",
    "uploads.mending.choose_code_page": ON_THE_WAY,
    "uploads.plans.start_plan": ON_THE_WAY,
    "uploads.receiving.open_upload": ON_THE_WAY,
    "uploads.receiving.register_part": ON_THE_WAY,
    "uploads.receiving.register_parts": ON_THE_WAY,
    "uploads.receiving.withdraw_missing": ON_THE_WAY,
    "uploads.receiving.withdraw_part": ON_THE_WAY,
    "uploads.receiving_end.finish_upload": "does nothing, or `finish_receiving`",
    "uploads.uploads.commit_unasked": "a part of `finish_receiving`",
    "uploads.uploads.retry_upload": OF_A_JOB,
    "workspaces.workspaces.close_workspace": "the journal goes with the workspace",
}
# Kinds of jobs whose good end is no change of its own, and why.
TOLD_ELSEWHERE = {
    Job.Kind.PLAN: ON_THE_WAY,
    Job.Kind.DEMO: "each thing that it makes is told",
    Job.Kind.DESCRIBE: "features follow from what was changed, and told",
    Job.Kind.ENCODER: OF_THE_INSTALLATION,
    Job.Kind.ASYNC_DESCRIPTOR: "its request was told; its answer changes nothing",
    Job.Kind.ASYNC_UPLOAD: "its request was told",
    Job.Kind.CLOSE: "the journal goes with the workspace",
    Job.Kind.UNDO: "told with the last rows that it takes back",
    Job.Kind.IMPORT: "told when its archive was found right, before the first row",
}


def _region(cast: Cast) -> Any:
    return make.make_region(make.make_image(cast.workspace))


def _group(cast: Cast, name: str = "Red shoe", **fields: Any) -> Any:
    return make.make_group(make.make_type(cast.workspace, **fields), name)


def _filled(cast: Cast) -> Any:
    group, image = _group(cast), make.make_image(cast.workspace)
    groups.add_images(group=group, ids=[image.pk], actor=cast.bob)
    return group, image


def _nested(cast: Cast) -> Any:
    kind = make.make_type(cast.workspace)
    return make.make_group(kind, "outer"), make.make_group(kind, "inner")


def _collection(cast: Cast) -> Any:
    found = make.make_collection(cast.workspace)
    make.make_records(found, "a", "b")
    return found


def _ready(cast: Cast) -> Any:
    """Make a task that can be trained."""
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    for number in range(2):
        group = make.make_group(kind, f"group {number}")
        seeds = (2 * number, 2 * number + 1)
        ids = [make.make_image(cast.workspace, seed).pk for seed in seeds]
        groups.add_images(group=group, ids=ids, actor=cast.bob)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    return task


def _job(cast: Cast, **fields: Any) -> Any:
    return make.make_job(cast.workspace, **fields)


def _upload(cast: Cast) -> Any:
    return received(cast, {"shoes.zip": zipped(SHOES)})


def _imported(cast: Cast) -> Any:
    upload = _upload(cast)
    planned(upload)
    committed(upload)
    return upload


def _invitation(cast: Cast, email: str = "ivy@example.org") -> Any:
    return team.invite_member(
        workspace=cast.workspace, email=email, role=Role.EDITOR, actor=cast.alice
    )[0]


def _member(cast: Cast) -> Any:
    return Membership.objects.get(user=cast.bob)


# Each function with an actor that changes a workspace: what is there before, then the act itself.


def add_image(cast: Cast) -> Act:
    data = make.drawn_jpeg()
    return lambda: images.add_image(workspace=cast.workspace, data=data, actor=cast.bob)


def change_image(cast: Cast) -> Act:
    image = make.make_image(cast.workspace)
    return lambda: images.change_image(image=image, changes={"real": False}, actor=cast.bob)


def mark_images(cast: Cast) -> Act:
    ids = [make.make_image(cast.workspace, seed).pk for seed in range(3)]
    marks = {"test_image": True}
    return lambda: images.mark_images(
        workspace=cast.workspace, ids=ids, marks=marks, actor=cast.bob
    )


def delete_images(cast: Cast) -> Act:
    ids = [make.make_image(cast.workspace, seed).pk for seed in range(3)]
    return lambda: images.delete_images(workspace=cast.workspace, ids=ids, actor=cast.bob)


def create_group(cast: Cast) -> Act:
    kind = make.make_type(cast.workspace)
    return lambda: groups.create_group(similarity_type=kind, name="red", actor=cast.bob)


def create_named(cast: Cast) -> Act:
    kind = make.make_type(cast.workspace)
    return lambda: create_named_group(similarity_type=kind, name="red", actor=cast.bob)


def group_into_one_that_is_there(cast: Cast) -> Act:
    """Where the group has to be made, making it is a change of its own."""
    group, ids = _group(cast), [make.make_image(cast.workspace).pk]
    kind = group.similarity_type
    return lambda: group_images(similarity_type=kind, name=group.name, ids=ids, actor=cast.bob)


def rename(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: rename_group(group=group, changes={"name": "blue"}, actor=cast.bob)


def mark_group(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: groups.mark_group(group=group, test_group=True, actor=cast.bob)


def mark_groups(cast: Cast) -> Act:
    ids = [group.pk for group in _nested(cast)]
    return lambda: groups.mark_groups(
        workspace=cast.workspace, ids=ids, test_group=True, actor=cast.bob
    )


def change_group(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: groups.change_group(group=group, changes={"description": "x"}, actor=cast.bob)


def delete_group(cast: Cast) -> Act:
    group = _filled(cast)[0]
    return lambda: groups.delete_group(group=group, actor=cast.bob)


def add_images(cast: Cast) -> Act:
    group, ids = _group(cast), [make.make_image(cast.workspace, seed).pk for seed in range(3)]
    return lambda: groups.add_images(group=group, ids=ids, actor=cast.bob)


def remove_images(cast: Cast) -> Act:
    group, image = _filled(cast)
    return lambda: groups.remove_images(group=group, ids=[image.pk], actor=cast.bob)


def add_regions(cast: Cast) -> Act:
    group, region = _group(cast), _region(cast)
    return lambda: groups.add_regions(group=group, ids=[region.pk], actor=cast.bob)


def remove_regions(cast: Cast) -> Act:
    group, region = _group(cast), _region(cast)
    groups.add_regions(group=group, ids=[region.pk], actor=cast.bob)
    return lambda: groups.remove_regions(group=group, ids=[region.pk], actor=cast.bob)


def nest(cast: Cast) -> Act:
    outer, inner = _nested(cast)
    return lambda: add_groups(group=outer, ids=[inner.pk], actor=cast.bob)


def unnest(cast: Cast) -> Act:
    outer, inner = _nested(cast)
    add_groups(group=outer, ids=[inner.pk], actor=cast.bob)
    return lambda: remove_groups(group=outer, ids=[inner.pk], actor=cast.bob)


def create_label(cast: Cast) -> Act:
    fields = {"name": "Heel"}
    return lambda: labels.create_label(workspace=cast.workspace, fields=fields, actor=cast.bob)


def change_label(cast: Cast) -> Act:
    label = make.make_label(cast.workspace)
    return lambda: labels.change_label(label=label, changes={"name": "Sole"}, actor=cast.bob)


def delete_label(cast: Cast) -> Act:
    label = make.make_label(cast.workspace)
    return lambda: labels.delete_label(label=label, actor=cast.bob)


def create_region(cast: Cast) -> Act:
    image, label = make.make_image(cast.workspace), make.make_label(cast.workspace)
    box = regions.Box(0, 0, 8, 8)
    return lambda: regions.create_region(image=image, label=label, box=box, actor=cast.bob)


def change_region(cast: Cast) -> Act:
    region, changes = _region(cast), {"meta_data": {"size": 42}}
    return lambda: regions.change_region(region=region, changes=changes, actor=cast.bob)


def delete_region(cast: Cast) -> Act:
    region = _region(cast)
    return lambda: regions.delete_region(region=region, actor=cast.bob)


def create_type(cast: Cast) -> Act:
    return lambda: types.create_type(
        workspace=cast.workspace, name="Shape", exclusive=True, actor=cast.bob
    )


def change_type(cast: Cast) -> Act:
    kind = make.make_type(cast.workspace)
    return lambda: types.change_type(
        similarity_type=kind, changes={"exclusive": True}, actor=cast.bob
    )


def delete_type(cast: Cast) -> Act:
    kind = _group(cast).similarity_type
    return lambda: types.delete_type(similarity_type=kind, force=True, actor=cast.bob)


def verify_group(cast: Cast) -> Act:
    group = _group(cast)
    return lambda: verifications.verify_group(group=group, user=cast.bob, actor=cast.bob)


def verify_image(cast: Cast) -> Act:
    image = make.make_image(cast.workspace)
    return lambda: verifications.verify_image(image=image, user=cast.bob, actor=cast.bob)


def unverify(cast: Cast) -> Act:
    given, _ = verifications.verify_group(group=_group(cast), user=cast.bob, actor=cast.bob)
    return lambda: verifications.unverify(verification=given, actor=cast.bob)


def create_task(cast: Cast) -> Act:
    return lambda: tasks.create_task(workspace=cast.workspace, name="Shoes", actor=cast.bob)


def change_task(cast: Cast) -> Act:
    task = make.make_task(cast.workspace)
    return lambda: tasks.change_task(task=task, changes={"name": "Bags"}, actor=cast.bob)


def delete_task(cast: Cast) -> Act:
    task = make.make_task(cast.workspace)
    make.make_version(task)
    return lambda: tasks.delete_task(task=task, actor=cast.bob)


def add_type(cast: Cast) -> Act:
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    return lambda: tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)


def remove_type(cast: Cast) -> Act:
    task, kind = make.make_task(cast.workspace), make.make_type(cast.workspace)
    tasks.add_type(task=task, similarity_type=kind, actor=cast.bob)
    return lambda: tasks.remove_type(task=task, similarity_type=kind, actor=cast.bob)


def train(cast: Cast) -> Act:
    task = _ready(cast)
    return lambda: start_training(task=task, actor=cast.bob)


def train_over_the_api(cast: Cast) -> Act:
    task = _ready(cast)
    return lambda: requests.start_train(task=task, actor=cast.bob)


def switch_production(cast: Cast) -> Act:
    version = make.make_version(make.make_task(cast.workspace))
    return lambda: set_production(version=version, production=True, actor=cast.bob)


def remove_version(cast: Cast) -> Act:
    version = make.make_version(make.make_task(cast.workspace))
    return lambda: delete_version(version=version, actor=cast.bob)


def choose(cast: Cast) -> Act:
    return lambda: choose_encoder(workspace=cast.workspace, key=BUILTIN, actor=cast.alice)


def create_collection(cast: Cast) -> Act:
    task = make.make_described_version(make.make_task(cast.workspace)).task
    return lambda: collections.create_collection(task=task, name="Shelf", actor=cast.bob)


def change_collection(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: collections.change_collection(
        collection=found, changes={"name": "Shelf"}, actor=cast.bob
    )


def delete_collection(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: collections.delete_collection(collection=found, actor=cast.bob)


def fill(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: start_fill(collection=found, actor=cast.bob)


def add_records(cast: Cast) -> Act:
    found = _collection(cast)
    new = [
        records.NewRecord(key, {}, make.made_up_row(key, found.version.dimension or 0))
        for key in "cde"
    ]
    return lambda: records.add_records(collection=found, records=new, actor=cast.bob)


def update_records(cast: Cast) -> Act:
    found, changes = _collection(cast), {"a": {"name": "x"}, "b": {"name": "y"}}
    return lambda: records.update_records(collection=found, changes=changes, actor=cast.bob)


def delete_records(cast: Cast) -> Act:
    found = _collection(cast)
    return lambda: records.delete_records(collection=found, keys=["a", "b"], actor=cast.bob)


def delete_matching(cast: Cast) -> Act:
    found, every = _collection(cast), parse({"name": {"$in": ["a", "b"]}})
    return lambda: records.delete_matching(collection=found, matches=every, actor=cast.bob)


def extract(cast: Cast) -> Act:
    version = make.make_described_version(make.make_task(cast.workspace))
    return lambda: start_extraction(
        workspace=cast.workspace, version=version, file_format="csv", actor=cast.bob
    )


def describe(cast: Cast) -> Act:
    version = make.make_described_version(make.make_task(cast.workspace))
    return lambda: describe_addresses(
        workspace=cast.workspace,
        version=version,
        file_format="csv",
        addresses="https://example.org/1.jpg",
        actor=cast.bob,
    )


def ask_for_descriptors(cast: Cast) -> Act:
    version = make.make_described_version(make.make_task(cast.workspace))
    sent = [requests.SentRecord(b"{}", "https://example.org/1.jpg")]
    return lambda: requests.start_descriptors(version=version, records=sent, actor=cast.bob)


def ask_for_uploads(cast: Cast) -> Act:
    sent = [requests.SentRecord(b"{}", "https://example.org/1.jpg")]
    return lambda: requests.start_uploads(workspace=cast.workspace, records=sent, actor=cast.bob)


def delete_request(cast: Cast) -> Act:
    request = make.make_request(cast.workspace)
    return lambda: requests.delete_request(request=request, actor=cast.bob)


def export(cast: Cast) -> Act:
    return lambda: start_export(workspace=cast.workspace, actor=cast.alice)


def delete_export(cast: Cast) -> Act:
    transfer, job = start_export(workspace=cast.workspace, actor=cast.alice)
    ran(job)
    found = Transfer.objects.get(pk=transfer.pk)
    return lambda: delete_transfer(transfer=found, actor=cast.alice)


def cancel(cast: Cast) -> Act:
    job = _job(cast, subject_id=_upload(cast).pk)
    return lambda: cancel_job(job=job, actor=cast.bob)


def retry(cast: Cast) -> Act:
    upload = _imported(cast)
    job = undo_upload(upload=upload, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    return lambda: retry_job(job=Job.objects.get(pk=job.pk), actor=cast.bob)


def send_files(cast: Cast) -> Act:
    upload = _upload(cast)
    upload.auto_commit = True
    upload.save()
    return lambda: finish_receiving(upload=upload, actor=cast.bob)


def start_upload(cast: Cast) -> Act:
    data = make.drawn_jpeg()
    file = uploads.SentFile("1.jpg", len(data), io.BytesIO(data))
    return lambda: uploads.start_upload(
        workspace=cast.workspace, files=[file], similarity_type=None, actor=cast.bob
    )


def commit(cast: Cast) -> Act:
    upload = _upload(cast)
    planned(upload)
    return lambda: uploads.commit_upload(upload=upload, actor=cast.bob)


def discard(cast: Cast) -> Act:
    upload = _upload(cast)
    return lambda: receiving.discard_upload(upload=upload, actor=cast.bob)


def undo(cast: Cast) -> Act:
    """The change is told by the job, with the last rows that it takes back."""
    upload = _imported(cast)
    job = undo_upload(upload=upload, actor=cast.bob)
    return lambda: ran(job)


def undo_by_change(cast: Cast) -> Act:
    upload = _imported(cast)
    job = undo_change(change=find_change(cast.workspace, upload.pk, Verb.UPLOADED), actor=cast.bob)
    assert job is not None
    return lambda: ran(job)


def open_one(cast: Cast) -> Act:
    return lambda: open_workspace(name="Second", actor=cast.alice)


def create_workspace(cast: Cast) -> Act:
    return lambda: people.create_workspace(name="Second", actor=cast.alice)


def rename_workspace(cast: Cast) -> Act:
    return lambda: people.rename_workspace(
        workspace=cast.workspace, name="Second", actor=cast.alice
    )


def issue_token(cast: Cast) -> Act:
    return lambda: people.issue_token(name="mine", workspace=cast.workspace, actor=cast.bob)


def revoke_token(cast: Cast) -> Act:
    token, _ = people.issue_token(name="mine", workspace=cast.workspace, actor=cast.bob)
    return lambda: people.revoke_token(token=token, actor=cast.bob)


def revoke_one_by_name(cast: Cast) -> Act:
    """Each token of the name is a change."""
    expires = timezone.now() + timedelta(days=1)
    people.issue_token(name="mine", workspace=cast.workspace, expires=expires, actor=cast.bob)
    return lambda: people.revoke_tokens_named(name="mine", actor=cast.bob)


def change_role(cast: Cast) -> Act:
    member = _member(cast)
    return lambda: team.change_role(membership=member, role=Role.ADMIN, actor=cast.alice)


def remove_member(cast: Cast) -> Act:
    member = _member(cast)
    return lambda: team.remove_member(membership=member, actor=cast.alice)


def hand_over(cast: Cast) -> Act:
    member = _member(cast)
    return lambda: team.hand_over(membership=member, actor=cast.alice)


def invite(cast: Cast) -> Act:
    return lambda: _invitation(cast)


def withdraw(cast: Cast) -> Act:
    invitation = _invitation(cast)
    return lambda: team.withdraw_invitation(invitation=invitation, actor=cast.alice)


def accept(cast: Cast) -> Act:
    invitation = _invitation(cast, cast.charlie.email)
    return lambda: team.accept_invitation(invitation=invitation, actor=cast.charlie)


def ask_for_second_factors(cast: Cast) -> Act:
    cast.workspace.second_factor_required = True
    cast.workspace.save()
    return lambda: require_second_factors(
        workspace=cast.workspace, required=False, actor=cast.alice
    )


WRITES: dict[str, Callable[[Cast], Act]] = {
    "accounts.second_factors.require_second_factors": ask_for_second_factors,
    "accounts.services.create_workspace": create_workspace,
    "accounts.services.issue_token": issue_token,
    "accounts.services.rename_workspace": rename_workspace,
    "accounts.services.revoke_token": revoke_token,
    "accounts.services.revoke_tokens_named": revoke_one_by_name,
    "accounts.team.accept_invitation": accept,
    "accounts.team.change_role": change_role,
    "accounts.team.hand_over": hand_over,
    "accounts.team.invite_member": invite,
    "accounts.team.remove_member": remove_member,
    "accounts.team.withdraw_invitation": withdraw,
    "exchange.transfers.delete_transfer": delete_export,
    "exchange.transfers.start_export": export,
    "extractions.extractions.start_extraction": extract,
    "extractions.sending.describe_addresses": describe,
    "jobs.subject_end.cancel_job": cancel,
    "jobs.retries.retry_job": retry,
    "journal.undoing.undo_change": undo_by_change,
    "library.group_names.create_named_group": create_named,
    "library.group_names.group_images": group_into_one_that_is_there,
    "library.group_names.rename_group": rename,
    "library.groups.add_images": add_images,
    "library.groups.add_regions": add_regions,
    "library.groups.change_group": change_group,
    "library.groups.create_group": create_group,
    "library.groups.delete_group": delete_group,
    "library.groups.mark_group": mark_group,
    "library.groups.mark_groups": mark_groups,
    "library.groups.remove_images": remove_images,
    "library.groups.remove_regions": remove_regions,
    "library.images.add_image": add_image,
    "library.images.change_image": change_image,
    "library.images.delete_images": delete_images,
    "library.images.mark_images": mark_images,
    "library.labels.change_label": change_label,
    "library.labels.create_label": create_label,
    "library.labels.delete_label": delete_label,
    "library.nesting.add_groups": nest,
    "library.nesting.remove_groups": unnest,
    "library.regions.change_region": change_region,
    "library.regions.create_region": create_region,
    "library.regions.delete_region": delete_region,
    "library.similarity_types.change_type": change_type,
    "library.similarity_types.create_type": create_type,
    "library.similarity_types.delete_type": delete_type,
    "library.verifications.unverify": unverify,
    "library.verifications.verify_group": verify_group,
    "library.verifications.verify_image": verify_image,
    "requests.async_requests.delete_request": delete_request,
    "requests.async_requests.start_descriptors": ask_for_descriptors,
    "requests.async_requests.start_train": train_over_the_api,
    "requests.async_requests.start_uploads": ask_for_uploads,
    "search.collections.change_collection": change_collection,
    "search.collections.create_collection": create_collection,
    "search.collections.delete_collection": delete_collection,
    "search.fills.start_fill": fill,
    "search.records.add_records": add_records,
    "search.records.delete_matching": delete_matching,
    "search.records.delete_records": delete_records,
    "search.records.update_records": update_records,
    "training.encoder_choice.choose_encoder": choose,
    "training.tasks.add_type": add_type,
    "training.tasks.change_task": change_task,
    "training.tasks.create_task": create_task,
    "training.tasks.delete_task": delete_task,
    "training.tasks.remove_type": remove_type,
    "training.training.start_training": train,
    "training.versions.delete_version": remove_version,
    "training.versions.set_production": switch_production,
    "uploads.receiving.discard_upload": discard,
    "uploads.receiving_end.finish_receiving": send_files,
    "uploads.undo.undo_upload": undo,
    "uploads.uploads.commit_upload": commit,
    "uploads.uploads.start_upload": start_upload,
    "workspaces.workspaces.open_workspace": open_one,
}


@pytest.mark.parametrize("name", WRITES)
def test_it_writes_one_change(cast: Cast, name: str) -> None:
    act = WRITES[name](cast)
    before = Change.objects.count()
    act()
    assert Change.objects.count() == before + 1


def test_no_service_is_forgotten() -> None:
    """A function with an actor is in the table or among the exceptions, and none else is."""
    assert set(_with_an_actor()) == WRITES.keys() | EXCEPTIONS.keys()
    assert WRITES.keys().isdisjoint(EXCEPTIONS)


def test_each_kind_of_job_tells_its_end_or_says_why_not() -> None:
    silent = {kind for kind, entry in JOB_KINDS.items() if entry.tell is _in_its_rows}
    assert silent == set(TOLD_ELSEWHERE)


def _with_an_actor() -> Iterator[str]:
    prefix = f"{services.__name__}."
    names = [found.name for found in pkgutil.walk_packages(services.__path__, prefix)]
    for name in [*names, *(f"accounts.{one}" for one in PEOPLE)]:
        module = importlib.import_module(name)
        for function, value in vars(module).items():
            if not inspect.isfunction(value) or function.startswith("_"):
                continue
            mine = inspect.unwrap(value).__module__ == name
            if mine and "actor" in inspect.signature(value).parameters:
                yield f"{name.removeprefix(prefix)}.{function}"
