"""Reading what waits to be sent to the other server of a link."""

from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import Change, Membership, User, Workspace
from dashboard.models import (
    ConnectionToken,
    GroupImage,
    Image,
    Job,
    Link,
    Outgoing,
    Twin,
    TwinMember,
    Upload,
    UploadFile,
)
from dashboard.queries.journal.changes import changes_in
from dashboard.queries.pages import PAGE_SIZE, Page, page_by_id

SENT_FILES: Final = (UploadFile.Status.ADDED, UploadFile.Status.KNOWN)


def outgoing_counts(link: Link) -> dict[str, int]:
    """Return how many changes are waiting, held and refused: one query."""
    rows = Outgoing.objects.filter(link=link).order_by()
    found = dict(rows.values_list("state").annotate(Count("id")))
    return {state: found.get(state, 0) for state in Outgoing.State.values}


def outgoing_page(
    link: Link, state: str = "", cursor: str = "", size: int = PAGE_SIZE
) -> Page[Outgoing]:
    """Read one page of them in the order in which they are sent. Raises `BadCursor`."""
    rows = Outgoing.objects.filter(link=link).select_related("change__actor")
    rows = rows.defer("change__before", "change__after", "change__members")
    return page_by_id(rows.filter(state=state) if state else rows, cursor, size)


def get_outgoing(link: Link, outgoing_id: int) -> Outgoing:
    """Return one of them, with its change; raises `Outgoing.DoesNotExist`."""
    rows = Outgoing.objects.select_related("change__actor", "link__workspace", "link__connection")
    return rows.get(link=link, pk=outgoing_id)


def outgoing_in_order(link: Link, size: int) -> Iterator[Outgoing]:
    """Yield all of them in the order of the journal; no cursor stays open in between."""
    after = 0
    rows = Outgoing.objects.filter(link=link).select_related("change__actor").order_by("pk")
    # A change with 10,000 members has 160 kB: few at once.
    while found := list(rows.filter(pk__gt=after)[:size]):
        yield from found
        after = found[-1].pk


def waiting_size(link: Link) -> int:
    """Return how many things the waiting changes have, for the progress of the job."""
    rows = Outgoing.objects.filter(link=link).exclude(state=Outgoing.State.REFUSED)
    return sum(rows.values_list("change__count", flat=True))


def links_to_read() -> QuerySet[Link]:
    """Return the links whose journal has changes that were not read: one query."""
    unnumbered = Change.objects.filter(sequence__isnull=True).values("workspace")
    behind = Q(workspace__journal_head__last__gt=F("position"))
    rows = Link.objects.filter(Q(workspace__in=unnumbered) | behind)
    return rows.select_related("workspace")


def links_to_send() -> QuerySet[Link]:
    """Return the links with waiting changes and no job that sends them."""
    sending = Job.objects.filter(subject_id=OuterRef("pk"), kind=Job.Kind.SEND)
    waiting = Outgoing.objects.filter(link=OuterRef("pk"), state=Outgoing.State.WAITING)
    rows = Link.objects.filter(Exists(waiting))
    rows = rows.exclude(Exists(sending.filter(state__in=Job.UNFINISHED)))
    return rows.select_related("workspace", "connection")


def is_pulled(link: Link) -> bool:
    """Say whether a pull of everything runs."""
    rows = Job.objects.filter(subject_id=link.pk, kind=Job.Kind.PULL)
    return rows.filter(state=Job.State.RUNNING).exists()


def is_sent_now(link: Link) -> bool:
    """Say whether a job that sends changes runs."""
    rows = Job.objects.filter(subject_id=link.pk, kind=Job.Kind.SEND)
    return rows.filter(state=Job.State.RUNNING).exists()


def last_send(link: Link) -> Job | None:
    """Return the last job that sent changes, or None."""
    rows = Job.objects.filter(subject_id=link.pk, kind=Job.Kind.SEND)
    return rows.order_by("-created").first()


def first_waiting(link: Link) -> Outgoing | None:
    """Return the next change to be sent, or None."""
    rows = Outgoing.objects.filter(link=link, state=Outgoing.State.WAITING)
    return rows.order_by("pk").first()


def changes_to_send(link: Link, up_to: int, *, limit: int) -> list[Change]:
    """Return the next changes of the link's journal, without payloads, oldest first."""
    workspace = Workspace(pk=link.workspace_id)
    rows = changes_in(workspace).filter(sequence__gt=link.position, sequence__lte=up_to)
    return list(rows.order_by("sequence")[:limit])


def upload_of(change: Change) -> Upload | None:
    """Return the upload that a change is about, or None."""
    if change.target_id is None:
        return None
    return Upload.objects.filter(workspace=change.workspace_id, pk=change.target_id).first()


def placed_files_of(upload: Upload) -> Iterator[tuple[UUID, UUID | None]]:
    """Yield image and group of each imported file; no cursor stays open in between."""
    rows = UploadFile.objects.filter(upload=upload, status__in=SENT_FILES, image__isnull=False)
    rows, after = rows.order_by("pk"), 0
    while found := list(rows.filter(pk__gt=after).values_list("pk", "image_id", "group_id")[:500]):
        yield from ((image, group) for _, image, group in found if image is not None)
        after = found[-1][0]


def who_made(change: Change) -> User | None:
    """Return who made a change; of what an upload created, who started the upload."""
    if change.actor is not None or change.noun != "files":
        return change.actor
    upload = upload_of(change)
    return None if upload is None else upload.created_by


def membership_of(link: Link, user: User | None) -> Membership | None:
    """Return the member of the link's workspace, or None."""
    if user is None:
        return None
    return Membership.objects.filter(workspace=link.workspace_id, user=user).first()


def held_without_token(token: ConnectionToken) -> QuerySet[Outgoing]:
    """Return the held changes of links through the token's connection."""
    rows = Outgoing.objects.filter(link__connection=token.connection_id)
    return rows.filter(state=Outgoing.State.HELD)


def here_among(link: Link, model: Any, ids: Collection[UUID]) -> list[Any]:
    """Return the rows with these ids that the link's workspace has, images without deleted ones."""
    rows = model.objects.in_workspace(Workspace(pk=link.workspace_id))
    return list((rows.present() if model is Image else rows).filter(pk__in=ids))


def find_here(link: Link, model: Any, local_id: UUID) -> Any | None:
    """Return a row of the link's workspace, or None; of images those that are not deleted."""
    return next(iter(here_among(link, model, [local_id])), None)


def gone_ids(link: Link, model: Any, noun: str) -> list[UUID]:
    """Return the ids of things that have a twin and are gone here.

    Without those whose own deletion waits to be sent: that is sent as somebody else.
    """
    rows = model.objects.in_workspace(Workspace(pk=link.workspace_id))
    if model is Image:
        rows = rows.present()
    here = rows.filter(pk=OuterRef("local_id"))
    own = Outgoing.objects.filter(link=link, change__target_id=OuterRef("local_id"))
    twins = Twin.objects.filter(~Exists(here), ~Exists(own), link=link, noun=noun)
    return list(twins.values_list("local_id", flat=True))


def twin_ids(link: Link, noun: str) -> Iterator[UUID]:
    """Yield the ids here of all things of a noun that have a twin; no cursor stays open."""
    rows, after = Twin.objects.filter(link=link, noun=noun).order_by("pk"), 0
    while found := list(rows.filter(pk__gt=after).values_list("pk", "local_id")[:500]):
        yield from (local_id for _, local_id in found)
        after = found[-1][0]


def groups_that_lost(link: Link) -> list[UUID]:
    """Return the groups that have lost images since both sides were equal.

    Without those that an own change waits for, which is sent as somebody else.
    """
    here = GroupImage.objects.filter(
        group=OuterRef("container__local_id"), image=OuterRef("member__local_id")
    )
    own = Outgoing.objects.filter(link=link, change__target_id=OuterRef("container__local_id"))
    rows = TwinMember.objects.filter(
        ~Exists(here),
        ~Exists(own),
        container__link=link,
        container__noun="group",
        member__noun="image",
    )
    return list(rows.order_by().values_list("container__local_id", flat=True).distinct())
