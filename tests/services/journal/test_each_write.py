"""Each service that changes a workspace writes one change; a new one is told here, or why not."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

from accounts.models import Change
from dashboard import services
from dashboard.models import Job
from dashboard.services.job_kinds import JOB_KINDS
from dashboard.services.jobs.kinds import _in_its_rows
from tests.factories import Cast
from tests.services.journal import (
    acts_connections,
    acts_library,
    acts_people,
    acts_search,
    acts_training,
    acts_uploads,
    acts_webhooks,
)
from tests.services.journal.acts_shared import Carried, carried_by

PEOPLE = ("services", "team", "second_factors", "account", "sessions")
ON_ANOTHER_SERVER = "asks another server; see tests/services/connections"
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
    "connections.connections.set_token": ON_ANOTHER_SERVER,
    "connections.outbox.refusals.discard_change": ON_ANOTHER_SERVER,
    "connections.links.request_pull": "queues a job, which tells once what it changed",
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
    Job.Kind.SEND: "each change that it sends was told when it was made",
    Job.Kind.PULL: "told once after its last row, if it changed anything",
    Job.Kind.UNDO: "told with the last rows that it takes back",
    Job.Kind.IMPORT: "told when its archive was found right, before the first row",
}


WRITES = (
    acts_library.ACTS
    | acts_training.ACTS
    | acts_search.ACTS
    | acts_uploads.ACTS
    | acts_people.ACTS
    | acts_connections.ACTS
    | acts_webhooks.ACTS
)


@pytest.mark.parametrize("name", WRITES)
def test_it_writes_one_change(cast: Cast, name: str) -> None:
    act = WRITES[name](cast)
    before = Change.objects.count()
    act()
    assert Change.objects.count() == before + 1


ON_THINGS = (
    acts_library.ACTS.keys()
    | acts_training.ACTS.keys()
    | acts_search.ACTS.keys()
    | acts_uploads.ACTS.keys()
)
# The rows of an upload say what it brought, so its changes carry nothing.
CARRIED = acts_library.CARRIED | acts_training.CARRIED | acts_search.CARRIED


@pytest.mark.parametrize("name", sorted(ON_THINGS))
def test_it_carries_what_an_undo_or_another_server_needs(cast: Cast, name: str) -> None:
    act = WRITES[name](cast)
    act()
    change = Change.objects.latest("id")
    assert carried_by(change) == CARRIED.get(name, Carried())


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
