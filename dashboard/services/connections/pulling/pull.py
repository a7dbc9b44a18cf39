"""Pull everything that changed on the other server, or what changed in one thing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.journal import record
from accounts.models import Membership
from accounts.verbs import Verb
from accounts.words import counted
from dashboard import remote
from dashboard.models import Job, Link, Twin
from dashboard.queries.connections.outbox import is_sent_now
from dashboard.queries.connections.twins import find_twin, has_members, has_twins, token_member
from dashboard.remote import NotFound, RateLimited, RemoteError, Server, Unauthorized, Unavailable
from dashboard.services.connections.errors import PullFailed
from dashboard.services.connections.fields import GROUP, LABEL, NOUNS, OBJECT, TASK, TYPE
from dashboard.services.connections.links import server_of, token_refused
from dashboard.services.connections.pulling.deletions import delete_here, pull_deletions, read_one
from dashboard.services.connections.pulling.downloads import Downloads, downloading
from dashboard.services.connections.pulling.groups import merge_members, pull_group_members
from dashboard.services.connections.pulling.images import pull_images
from dashboard.services.connections.pulling.nesting import pull_nesting
from dashboard.services.connections.pulling.passing import Pull, portions
from dashboard.services.connections.pulling.rows import merge_page, pull_rows
from dashboard.services.connections.pulling.tasks import pull_task_types, pull_versions
from dashboard.services.jobs.jobs import Handle, NotYet
from dashboard.services.library.members import IMAGES, REGIONS
from dashboard.services.row_locks import lock_all
from dashboard.services.training.describing import start_describing

SEEN_FOR: Final = timedelta(seconds=30)  # a page that is opened again in this time asks nothing


def run_pull(*, link_id: UUID, handle: Handle) -> str:
    """Pull everything and return the sentence of the outcome.

    What an earlier attempt pulled has a twin, so that only the rest is done. Raises `NoToken`,
    `TokenFailed` and `PullFailed`, and `RemoteError` if a later attempt may succeed.
    """
    link = Link.objects.select_related("workspace", "connection", "keeper__user").get(pk=link_id)
    # What is being created there has no twin yet: it would be pulled as another one.
    if is_sent_now(link):
        raise NotYet
    member = token_member(link, handle.job.created_by_id)
    if member is None:
        raise PullFailed(
            f"Nobody’s token is used to read {link}. Choose whose it is under Connections."
        )
    with server_of(link, member) as server, _refusing(link, member, handle.job):
        pull = Pull(link, server, handle)
        try:
            _pull_all(pull)
        finally:
            pull.seen.close()
    _finish(pull)
    return _outcome(pull)


@contextmanager
def _refusing(link: Link, member: Membership, job: Job) -> Iterator[None]:
    """Turn what the server answers into the sentence with which the job ends."""
    try:
        yield
    except Unauthorized:
        raise token_refused(link=link, membership=member) from None
    except (Unavailable, RateLimited) as error:
        if job.tries < Job.MAX_TRIES:
            raise  # the job returns to its queue, and resumes where it stopped
        raise PullFailed(error.reason) from None
    except RemoteError as error:
        raise PullFailed(error.reason) from None


def _pull_all(pull: Pull) -> None:
    server = pull.server
    _refuse_if_hidden(pull)
    pull.total = server.count_images()
    pull.begin("Reading labels", 0.01)
    _rest(pull_rows(pull, LABEL, server.iterate_labels()))
    _rest(pull_rows(pull, TYPE, server.iterate_types()))
    pull.begin("Reading groups", 0.02)
    waiting = _pull_groups(pull)
    pull.begin("Reading images", 0.1)
    states_groups = _pull_images(pull)
    pull.begin("Reading regions", 0.9)
    _rest(pull_rows(pull, OBJECT, server.iterate_regions()))
    _pull_groups_again(pull, waiting, states_groups=states_groups)
    pull.begin("Reading tasks", 0.95)
    for tasks in pull_rows(pull, TASK, server.iterate_tasks()):
        pull_task_types(pull, tasks)
        pull_versions(pull, tasks)
    pull.begin("Looking for what was deleted", 0.97)
    # Asked again: lists of a workspace that the token no longer sees may have been empty.
    _refuse_if_hidden(pull)
    pull_deletions(pull)
    _pull_postponed(pull)


def _rest(pages: Iterator[object]) -> None:
    for _ in pages:
        pass


def _refuse_if_hidden(pull: Pull) -> None:
    """Raise `PullFailed` unless the token sees the workspace there.

    Otherwise everything would look deleted.
    """
    account = pull.server.account()
    rows = pull.server.iterate_workspaces() if account.workspaces is None else account.workspaces
    if all(row.id != pull.link.remote_workspace for row in rows):
        raise PullFailed(
            f"The token no longer gives access to {pull.link}. Ask its owner, or enter another one."
        )


def _pull_groups(pull: Pull) -> list[remote.Group]:
    """Pull the groups and which are in which; return those that hold images here until later."""
    nested = has_members(pull.link, "group", "group")
    for page in pull_rows(pull, GROUP, pull.server.iterate_groups()):
        nested = nested or any(group.groups_count != 0 for group in page)
    waiting: list[remote.Group] = []
    if nested:
        # Read a second time: a group may be listed before those inside it, and there may be too
        # many to remember.
        for page in portions(pull.server.iterate_groups()):
            waiting += pull_nesting(pull, page)
    return waiting


def _pull_images(pull: Pull) -> bool:
    """Pull the images; return whether the server states what groups they are in."""
    states_groups = True

    def watched() -> Iterator[remote.Image]:
        nonlocal states_groups
        for row in pull.server.iterate_images():
            states_groups = states_groups and row.groups is not None
            yield row

    with downloading(pull.server, pull.workspace) as downloads:
        pull_images(pull, downloads, watched())
    return states_groups


def _pull_groups_again(pull: Pull, waiting: list[remote.Group], *, states_groups: bool) -> None:
    """Merge what needs images and regions here: members of groups, and the groups that waited."""
    has_regions = has_twins(pull.link, "object")
    if has_regions or not states_groups:
        # Read a second time, as there may be too many groups to remember.
        for page in portions(pull.server.iterate_groups()):
            if not states_groups:
                pull_group_members(pull, IMAGES, page)
            if has_regions:
                pull_group_members(pull, REGIONS, page)
    pull_nesting(pull, waiting)


def _pull_postponed(pull: Pull) -> None:
    """Do what was refused while memberships were not pulled yet."""
    postponed = set(pull.postponed)
    if "type" in postponed:
        _rest(pull_rows(pull, TYPE, pull.server.iterate_types()))
    if "group" in postponed:
        _rest(pull_rows(pull, GROUP, pull.server.iterate_groups()))


@transaction.atomic
def _finish(pull: Pull) -> None:
    """Record the pull as complete, and once in the journal what it changed."""
    lock_all(Link.objects.filter(pk=pull.link.pk))
    Link.objects.filter(pk=pull.link.pk).update(pulled=pull.began, problem="")
    counts = {noun: count for noun, count in sorted(pull.counts.items()) if count}
    if counts:
        record(
            workspace=pull.workspace,
            verb=Verb.PULLED,
            noun="link",
            target_id=pull.link.pk,
            target_name=str(pull.link),
            count=sum(counts.values()),
            details={"counts": counts},
            actor=None,
        )
    if pull.counts["images"]:
        start_describing(workspace=pull.workspace, actor=None)


def _outcome(pull: Pull) -> str:
    done = [f"{count:,} {noun}" for noun, count in sorted(pull.counts.items()) if count]
    told = f"Pulled {', '.join(done)}." if done else "Nothing has changed."
    failed = pull.failed.total()
    if not failed:
        return told
    what = counted(failed, "thing was", "things were")
    return f"{told} {what} not pulled and will be tried again: {' '.join(pull.sentences)}"


def close_pull(job: Job) -> None:
    """Keep why a pull failed, for the banner of the workspace."""
    link = Link.objects.get(pk=job.subject_id)
    if job.state == Job.State.FAILED:
        Link.objects.filter(pk=link.pk).update(problem=job.message[:500])


def pull_thing(link: Link, noun: str, local_id: UUID, server: Server) -> bool:
    """Pull one group, image or task with what belongs to it; return whether it was read.

    At most every 30 seconds. Raises `RemoteError`; then nothing is changed.
    """
    twin = find_twin(link, noun, local_id)
    now = timezone.now()
    if twin is None or twin.problem or (twin.seen is not None and twin.seen > now - SEEN_FOR):
        return False
    # Before it is read: of two people who open the page, one asks.
    Twin.objects.filter(pk=twin.pk).update(seen=now)
    pull = Pull(link, server)
    try:
        _pull_one(pull, twin)
    except NotFound:
        with suppress(Link.DoesNotExist):
            delete_here(pull, noun, [twin])
    finally:
        pull.seen.close()
    return True


def _pull_one(pull: Pull, twin: Twin) -> None:
    row = read_one(pull.server, twin.noun, twin.remote_id)
    if twin.noun == "image":
        with downloading(pull.server, pull.workspace) as downloads:
            pull_images(pull, downloads, [row])
        return
    merge_page(pull, NOUNS[twin.noun], [row])
    if twin.noun == "group":
        _pull_group(pull, twin, row)
    if twin.noun == "task":
        pull_task_types(pull, [row])
        pull_versions(pull, [row])


def _pull_group(pull: Pull, twin: Twin, group: remote.Group) -> None:
    images: list[str] = []
    with downloading(pull.server, pull.workspace) as downloads:
        _with_images(pull, downloads, twin.remote_id, images)
    merge_members(pull, IMAGES, twin, images)
    pull_group_members(pull, REGIONS, [group])
    pull_nesting(pull, [group])


def _with_images(pull: Pull, downloads: Downloads, group_id: str, images: list[str]) -> None:
    def listed() -> Iterator[remote.Image]:
        for row in pull.server.iterate_images(group=group_id):
            images.append(row.id)
            yield row

    pull_images(pull, downloads, listed())
