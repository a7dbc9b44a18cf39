"""Ask before an action on the selection: in a dialog with htmx, else on a page."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import reswap, retarget

from accounts.http import WorkspaceRequest
from accounts.words import counted, either
from dashboard.models import Group
from dashboard.queries.library.containing_groups import Containment, Holder, taken
from dashboard.services.library.members import Placed
from dashboard.views.rendering import wants_fragment

PAGE = "dashboard/library/images/ask.html"


@dataclass(frozen=True)
class Answer:
    """A button of a question: the value that it sends, its label, its style."""

    name: str
    value: str
    label: str
    look: str = ""


@dataclass(frozen=True)
class Question:
    """A question about images or groups, and the form that repeats the request.

    With `target` htmx puts the response there, otherwise it is a page.
    """

    title: str
    text: str
    held: Containment | None
    ids: Collection[UUID]
    action: str
    answers: list[Answer]
    fields: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    target: str = ""


def ask(request: WorkspaceRequest, question: Question) -> HttpResponse:
    """Show a question whose form repeats the whole request: nothing is stored on the server."""
    return put_question(request, PAGE, {"question": question})


def put_question(
    request: WorkspaceRequest, page: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Answer with a page that asks, or with its dialog if htmx already has a page."""
    fragment = wants_fragment(request)
    # htmx shows nothing of a refusal; without it the status says that nothing was done.
    response = (
        render(request, f"{page}#dialog", context)
        if fragment
        else render(request, page, context, status=status)
    )
    patch_vary_headers(response, ["HX-Request"])
    # The form's own target is the grid, which must not change while the question is shown.
    return reswap(retarget(response, "#ask"), "innerHTML") if fragment else response


def ask_to_take_out(
    request: WorkspaceRequest,
    group: Group,
    ids: Collection[UUID],
    *,
    noun: str,
    held: Containment | None = None,
    lines: list[str] | None = None,
) -> HttpResponse:
    """Ask whether to remove images or groups from a group."""
    what = counted(len(ids), noun)
    question = Question(
        title=f"Remove {what} from “{group}”?",
        text=(
            "They stay in the workspace. To take this back, you would have to add them to the "
            "group again."
        ),
        held=held,
        ids=ids,
        action=request.path,
        answers=[Answer("asked", "1", f"Remove {what}", "danger")],
        lines=lines or [],
        target="#inside",
    )
    return ask(request, question)


def ask_about_taken(
    request: WorkspaceRequest,
    into: Group,
    ids: Collection[UUID],
    *,
    fields: dict[str, str] | None = None,
    target: str = "",
) -> HttpResponse:
    """Ask what to do with images that are in another group of an exclusive type."""
    found = taken(into, ids)
    answers = [Answer("taken", "move", f"Move {either(found.count, 'it', 'them')}", "primary")]
    # Without this answer if all of them are taken: skipping every one would do nothing.
    if found.count < len(ids):
        leave = either(found.count, "Skip it", "Skip them")
        answers.insert(0, Answer("taken", "leave", leave))
    return ask(
        request,
        Question(
            title=_taken_title(found, len(ids)),
            text=f"An image can be in only one group of the type “{into.similarity_type}”. "
            f"The others are added to “{into}” either way."
            if found.count < len(ids)
            else f"An image can be in only one group of the type “{into.similarity_type}”.",
            held=found,
            ids=ids,
            action=request.get_full_path(),
            answers=answers,
            fields=fields or {},
            target=target,
        ),
    )


def _taken_title(found: Containment, ticked: int) -> str:
    """Return `3 of them are in “phone”, 1 in “case”: move or skip them?`."""
    them = either(found.count, "it", "them")
    if ticked == 1:
        return f"It is in {places(found)}: move it?"
    if found.count == ticked:
        return f"All {ticked:,} of them are in {places(found)}: move them?"
    first, *rest = found.holders
    be = either(first.count, "is", "are")
    others = "".join(f", {one.count:,} in “{one.name}”" for one in rest)
    more = f", others in {more_groups(found.more_groups)}" if found.more_groups else ""
    return f"{first.count:,} of them {be} in “{first.name}”{others}{more}: move or skip {them}?"


def places(found: Containment) -> str:
    """Return `“phone”, “case” and 4 more groups`."""
    names = [f"“{one.name}”" for one in found.holders]
    if found.more_groups:
        names.append(more_groups(found.more_groups))
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def more_groups(count: int) -> str:
    """Return `1 more group` or `4 more groups`."""
    return counted(count, "more group")


def holder_said(one: Holder) -> str:
    """Return `2 in “phone”`."""
    return f"{one.count:,} in “{one.name}”"


def placed_said(placed: Placed, group: Group) -> str:
    """Return a sentence about the result of adding images to a group."""
    went = f"{counted(placed.added, 'image was', 'images were')} added to “{group}”"
    left = either(placed.left, "was skipped", "were skipped")
    facts = {
        f"{placed.moved:,} moved from other groups": placed.moved,
        f"{placed.already:,} {either(placed.already, 'was', 'were')} already in it": placed.already,
        f"{placed.left:,} {left}": placed.left,
    }
    return "; ".join([went, *(words for words, count in facts.items() if count)]) + "."
