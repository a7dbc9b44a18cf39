"""Reading links, and the twins of the things of a linked workspace."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Membership, Workspace
from accounts.words import counted
from dashboard.models import (
    DEFAULT_LABEL,
    ConnectionToken,
    Group,
    Image,
    Job,
    Label,
    Link,
    SimilarityType,
    Task,
    Twin,
    TwinMember,
)


def find_remote_workspace(token: ConnectionToken, remote_id: str) -> dict[str, str] | None:
    """Return the workspace that the token's server lists under this id, or None."""
    return next((row for row in token.workspaces if row["id"] == remote_id), None)


def what_is_in(workspace: Workspace) -> str:
    """Return in words what keeps a workspace from being linked; empty if nothing does."""
    counts = (
        (Image.objects.in_workspace(workspace).present().count(), "image", "images"),
        (Group.objects.in_workspace(workspace).count(), "group", "groups"),
        (SimilarityType.objects.in_workspace(workspace).count(), "type", "types"),
        (Task.objects.in_workspace(workspace).count(), "task", "tasks"),
        (_own_labels(workspace).count(), "label", "labels"),
    )
    return ", ".join(counted(count, one, many) for count, one, many in counts if count)


def _own_labels(workspace: Workspace) -> QuerySet[Label]:
    return Label.objects.in_workspace(workspace).exclude(name=DEFAULT_LABEL)


def unfinished_pull(link: Link) -> Job | None:
    """Return the pull that waits or runs, or None."""
    rows = Job.objects.filter(subject_id=link.pk, kind=Job.Kind.PULL)
    return rows.filter(state__in=Job.UNFINISHED).order_by("created").first()


def links_to_pull(moment: datetime) -> QuerySet[Link]:
    """Return the links whose last pull began before the moment, and that have no newer job."""
    recent = Job.objects.filter(subject_id=OuterRef("pk"), kind=Job.Kind.PULL)
    recent = recent.filter(Q(state__in=Job.UNFINISHED) | Q(created__gt=moment))
    stale = Link.objects.filter(Q(pulled=None) | Q(pulled__lte=moment)).exclude(Exists(recent))
    return stale.select_related("workspace", "connection")


def twins_here(link: Link, noun: str, ids: Collection[UUID]) -> dict[UUID, Twin]:
    """Return the twins of things by their ids here."""
    rows = Twin.objects.filter(link=link, noun=noun, local_id__in=ids)
    return {row.local_id: row for row in rows}


def twins_there(link: Link, noun: str, remote_ids: Iterable[str]) -> dict[str, Twin]:
    """Return the twins of things by their ids on the other server."""
    rows = Twin.objects.filter(link=link, noun=noun, remote_id__in=set(remote_ids))
    return {row.remote_id: row for row in rows}


def find_twin(link: Link, noun: str, local_id: UUID) -> Twin | None:
    """Return the twin of one thing, or None."""
    return Twin.objects.filter(link=link, noun=noun, local_id=local_id).first()


def member_rows(
    container: str,
    member: str,
    containers: Collection[Twin] | None,
    members: Collection[Twin] | None,
) -> list[tuple[int, UUID, UUID]]:
    """Return memberships that both sides had: their id, and the ids here of container and member.

    Of the containers, of the members, or of both; their nouns are `container` and `member`.
    """
    rows = TwinMember.objects.filter(container__noun=container, member__noun=member)
    if containers is not None:
        rows = rows.filter(container__in=containers)
    if members is not None:
        rows = rows.filter(member__in=members)
    return list(rows.values_list("pk", "container__local_id", "member__local_id"))


def twins_after(link: Link, noun: str, last: int, limit: int) -> list[Twin]:
    """Return the next twins of a noun by their ids."""
    rows = Twin.objects.filter(link=link, noun=noun, pk__gt=last)
    return list(rows.order_by("pk")[:limit])


def known_members(containers: Iterable[Twin], member: str) -> set[int]:
    """Return the twins of containers that had members of a noun on both sides."""
    ids = [container.pk for container in containers]
    rows = TwinMember.objects.filter(container__in=ids, member__noun=member)
    return set(rows.values_list("container_id", flat=True))


def has_twins(link: Link, noun: str) -> bool:
    """Return whether anything of a noun is mirrored."""
    return Twin.objects.filter(link=link, noun=noun).exists()


def token_member(link: Link, user_id: UUID | None) -> Membership | None:
    """Return whose token a pull uses: that of who asked for it, if they have one, or the keeper's.

    A person's own token comes first: a pull shows nothing that they could not see there.
    """
    tokens = ConnectionToken.objects.filter(connection=link.connection_id, problem="")
    own = tokens.filter(membership__user=user_id, membership__workspace=link.workspace_id)
    token = own.select_related("membership__user").first() if user_id else None
    return token.membership if token is not None else link.keeper


def can_pull_again(job: Job) -> bool:
    """Return whether the job's link still exists, and something was not pulled."""
    left = job.failed or job.state != Job.State.DONE
    return bool(left) and Link.objects.filter(pk=job.subject_id).exists()


def has_members(link: Link, container: str, member: str) -> bool:
    """Return whether memberships of these nouns are mirrored."""
    rows = TwinMember.objects.filter(container__link=link, container__noun=container)
    return rows.filter(member__noun=member).exists()
