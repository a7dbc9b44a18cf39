"""The link of a workspace: make it, read on, decide about what was refused, and end it."""

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import check, requires
from accounts.http import WorkspaceRequest
from accounts.models import Membership
from dashboard.forms.links import LinkForm
from dashboard.models import Outgoing
from dashboard.queries.connections.links import get_link, link_of, tokens_to_link, working_token
from dashboard.queries.connections.outbox import get_outgoing, outgoing_counts, outgoing_page
from dashboard.queries.connections.twins import unfinished_pull
from dashboard.queries.workspaces.activity import still_there
from dashboard.services.connections.links import (
    choose_keeper,
    link_workspace,
    request_pull,
    unlink,
)
from dashboard.services.connections.looking import look_again
from dashboard.services.connections.outbox.refusals import discard_change, try_again
from dashboard.services.errors import Refused
from dashboard.views.rendering import may, missing_is_404, page_or_fragment, refused, see_other
from dashboard.views.workspaces.activity import Sentence, sentence

PAGE = "dashboard/connections/link.html"
MANAGE = "connections.manage"
DECIDE = "groups.change"  # changing what is mirrored includes deciding about refusals


class OutgoingRow:
    """A change that was not sent yet, in words."""

    def __init__(self, outgoing: Outgoing, there: Collection[UUID]) -> None:
        self.outgoing = outgoing
        self.sentence: Sentence = sentence(outgoing.change, there)

    @property
    def state(self) -> str:
        """Return the state in one word, which chooses the colour."""
        return {"waiting": "queued", "held": "partial", "refused": "failed"}[self.outgoing.state]

    @property
    def label(self) -> str:
        """Return the state for people."""
        return Outgoing.State(self.outgoing.state).label

    @property
    def is_open(self) -> bool:
        """Return whether somebody has to decide."""
        return self.outgoing.state != Outgoing.State.WAITING


@never_cache
@require_http_methods(["GET", "POST"])
@requires("workspace.view")
def link(request: WorkspaceRequest) -> HttpResponse:
    """Show what the workspace mirrors, and what was not sent yet; an admin links it here."""
    if request.method == "POST":
        check(request.membership, MANAGE)
        return _made(request)
    found = link_of(request.workspace)
    if found is None:
        return _choose(request, LinkForm(tokens=tokens_to_link(_member(request))))
    rows = outgoing_page(found, cursor=request.GET.get("cursor", ""))
    there = still_there(request.workspace, [one.change for one in rows.rows])
    context = {
        "link": found,
        "rows": [OutgoingRow(one, there) for one in rows.rows],
        "next": rows.next,
        "counts": outgoing_counts(found),
        "pull": unfinished_pull(found),
        "own_token": working_token(found, _member(request)),
        "may_manage": may(request, MANAGE),
        "may_decide": may(request, DECIDE),
    }
    return page_or_fragment(request, PAGE, "rows", context)


def _made(request: WorkspaceRequest) -> HttpResponse:
    form = LinkForm(request.POST, tokens=tokens_to_link(_member(request)))
    if form.is_valid():
        connection, remote_id = form.chosen()
        try:
            made = link_workspace(
                connection=connection, remote_workspace=remote_id, actor=request.user
            )
        except Refused as refusal:
            form.add_error("workspace", str(refusal))
        else:
            messages.success(request, f"This workspace now mirrors {made}. Its images follow.")
            return see_other("link")
    return _choose(request, form, status=422)


def _choose(request: WorkspaceRequest, form: LinkForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "may_manage": may(request, MANAGE)}
    return render(request, "dashboard/connections/link_new.html", context, status=status)


@require_POST
@requires("connections.own")
@missing_is_404
def link_refresh(request: WorkspaceRequest) -> HttpResponse:
    """Queue a pull of everything."""
    request_pull(link=get_link(request.workspace), actor=request.user)
    messages.success(request, "The other server is being read. New images and changes follow.")
    return see_other("link")


@require_POST
@requires(MANAGE)
@missing_is_404
def link_keeper(request: WorkspaceRequest) -> HttpResponse:
    """Use your token for the hourly pull."""
    try:
        choose_keeper(
            link=get_link(request.workspace), membership=_member(request), actor=request.user
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Your token now reads the other server every hour.")
    return see_other("link")


@require_POST
@requires(MANAGE)
@missing_is_404
def link_unlink(request: WorkspaceRequest) -> HttpResponse:
    """End the mirror and keep everything."""
    found = get_link(request.workspace)
    unlink(link=found, actor=request.user)
    messages.success(request, f"This workspace no longer mirrors {found}. Everything in it stays.")
    return see_other("link")


@require_POST
@requires("workspace.view")
@missing_is_404
def link_look(request: WorkspaceRequest, noun: str, thing_id: UUID) -> HttpResponse:
    """Read one thing on the other server again, as its page was opened."""
    found = get_link(request.workspace)
    changed = look_again(link=found, noun=noun, thing_id=thing_id, membership=_member(request))
    return render(request, "dashboard/connections/looked.html", {"changed": changed})


@require_POST
@requires(DECIDE)
@missing_is_404
def outgoing_retry(request: WorkspaceRequest, outgoing_id: int) -> HttpResponse:
    """Send a refused change again."""
    row = get_outgoing(get_link(request.workspace), outgoing_id)
    try:
        try_again(row=row)
    except Refused as refusal:
        return refused(request, str(refusal), "link")
    messages.success(request, "The change is sent again.")
    return see_other("link")


@require_POST
@requires(DECIDE)
@missing_is_404
def outgoing_discard(request: WorkspaceRequest, outgoing_id: int) -> HttpResponse:
    """Undo a refused change here."""
    row = get_outgoing(get_link(request.workspace), outgoing_id)
    try:
        discard_change(row=row, actor=request.user)
    except Refused as refusal:
        return refused(request, str(refusal), "link")
    messages.success(request, "The change was discarded.")
    return see_other("link")


def _member(request: WorkspaceRequest) -> Membership:
    """Return the membership that `requires` has checked."""
    return cast("Membership", request.membership)
