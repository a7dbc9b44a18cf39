"""Show and fix the plan of an upload, until it is imported."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import requires
from accounts.http import WorkspaceRequest
from accounts.words import counted
from dashboard.forms.upload_plans import CodePageForm, MendForm, RenameForm
from dashboard.forms.uploads import TypeForm
from dashboard.models import Upload, UploadFile
from dashboard.queries.pages import page_by_id
from dashboard.queries.uploads.plans import (
    CodePageUse,
    code_pages_used,
    files_in_error,
    files_left_out,
    plan_totals,
    planned_files,
    planned_groups,
)
from dashboard.queries.uploads.receiving import expires
from dashboard.queries.uploads.uploads import get_upload
from dashboard.services.errors import Refused
from dashboard.services.uploads import mending
from dashboard.services.uploads.uploads import commit_upload
from dashboard.views.rendering import (
    may,
    missing_is_404,
    page_or_fragment,
    refused,
    see_other,
    wants_fragment,
    with_flash,
)

ERRORS_SHOWN = 20
PLAN = "dashboard/uploads/plan.html"
ROWS = "dashboard/uploads/rows.html"


def plan_page(request: WorkspaceRequest, shown: Upload) -> HttpResponse:
    """Show a plan, the parts that a change may affect, or more of its groups."""
    cursor = request.GET.get("cursor", "")
    asked = {"cursor", "groups", "totals"} & request.GET.keys()
    fragment = "totals" if "totals" in asked else "groups" if asked else "plan"
    return page_or_fragment(request, PLAN, fragment, _plan(request, shown, cursor))


def _plan(request: WorkspaceRequest, shown: Upload, cursor: str = "") -> dict[str, Any]:
    groups, following = planned_groups(shown, cursor)
    errors = page_by_id(files_in_error(shown), size=ERRORS_SHOWN)
    chosen = {"similarity_type": shown.similarity_type_id, "new_type": shown.new_type_name}
    return {
        "upload": shown,
        "totals": plan_totals(shown),
        "expires": expires(shown),
        "groups": groups,
        "next_url": f"{request.path}?{urlencode({'cursor': following})}" if following else "",
        "errors": errors.rows,
        "has_more_errors": bool(errors.next),
        "form": TypeForm(workspace=request.workspace, initial=chosen),
        "code_pages": [(use, _code_page_form(use)) for use in code_pages_used(shown)],
        "can_add": may(request, "images.add"),
    }


def _code_page_form(use: CodePageUse) -> CodePageForm:
    chosen = {"part": use.part.pk, "code_page": use.part.code_page}
    return CodePageForm(initial=chosen, auto_id=f"id_{use.part.pk}_%s")


@never_cache
@require_safe
@requires("workspace.view")
@missing_is_404
def upload_rows(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Show the files of a planned group, those in error, or the skipped ones."""
    shown = get_upload(request.workspace, upload_id)
    # It was imported or opened again meanwhile; its page shows its stage.
    if shown.stage != Upload.Stage.PLANNED:
        return see_other("upload", shown.id)
    kind = request.GET.get("show", "")
    asked = {"show": kind} if kind else _group_asked(request)
    rows = {"wrong": files_in_error(shown), "left_out": files_left_out(shown)}.get(kind)
    if rows is None:
        rows = planned_files(shown).filter(
            group_name=asked.get("group", ""), type_name=asked.get("type", "")
        )
    found = page_by_id(rows, request.GET.get("cursor", ""))
    following = urlencode(asked | {"cursor": found.next})
    context = {
        "upload": shown,
        "show": kind,
        "group": asked.get("group", ""),
        "rows": found.rows,
        "next_url": f"{request.path}?{following}" if found.next else "",
        "can_add": may(request, "images.add"),
    }
    return page_or_fragment(request, ROWS, "rows", context)


def _group_asked(request: WorkspaceRequest) -> dict[str, str]:
    # No name contains a null character, and PostgreSQL refuses one in a query.
    return {name: request.GET.get(name, "").replace("\x00", "") for name in ("group", "type")}


@require_POST
@requires("images.add")
@missing_is_404
def upload_mend(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Change the values of one file, skip it, or include it again."""
    shown = get_upload(request.workspace, upload_id)
    form = MendForm(request.POST)
    if not form.is_valid():
        return _again(request, shown, form, _first_error(form))
    try:
        row = _mend(shown, form, request.POST.get("do", ""))
    except Refused as refusal:
        return _again(request, shown, form, str(refusal))
    if not wants_fragment(request):
        messages.success(request, f"“{row.name}” was saved.")
        return see_other("upload", shown.id)
    context = {"file": row, "upload": shown, "can_add": True}
    answer = render(request, "dashboard/uploads/plan_file.html", context)
    return trigger_client_event(answer, "plan-changed")


def _mend(shown: Upload, form: MendForm, do: str) -> UploadFile:
    file_id = form.cleaned_data["file"]
    if do in ("leave-out", "put-back"):
        return mending.leave_out(upload=shown, file_id=file_id, out=do == "leave-out")
    return mending.mend_file(upload=shown, file_id=file_id, mended=form.mended())


@require_POST
@requires("images.add")
@missing_is_404
def upload_mend_all(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Skip all files in error, include all skipped ones, or rename a group."""
    shown = get_upload(request.workspace, upload_id)
    do = request.POST.get("do", "")
    try:
        if do == "leave-out":
            count = mending.leave_out_wrong(upload=shown)
            return _changed(request, shown, f"{_files(count)} skipped.")
        if do == "put-back":
            return _changed(
                request, shown, f"{_files(mending.put_all_back(upload=shown))} included."
            )
        return _rename(request, shown)
    except Refused as refusal:
        return refused(request, str(refusal), _page_of(shown))


def _rename(request: WorkspaceRequest, shown: Upload) -> HttpResponse:
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _again(request, shown, form, _first_error(form))
    values = form.cleaned_data
    count = mending.rename_planned_group(
        upload=shown, group=values["group"], named_type=values["type"], name=values["name"]
    )
    if not count:
        gone = "This group no longer exists: someone renamed it."
        return _again(request, shown, form, gone)
    return _changed(request, shown, f"The group was renamed to “{values['name']}”.")


@require_POST
@requires("images.add")
@missing_is_404
def upload_type(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Set the type of the groups made from folders."""
    shown = get_upload(request.workspace, upload_id)
    form = TypeForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _again(request, shown, form, form.first_error())
    values = form.cleaned_data
    try:
        mending.choose_type(
            upload=shown,
            similarity_type=values["similarity_type"],
            new_type_name=values["new_type"],
        )
    except Refused as refusal:
        return _again(request, shown, form, str(refusal))
    return _changed(request, shown, "The type was changed.")


def _again(request: WorkspaceRequest, shown: Upload, form: Form, sentence: str) -> HttpResponse:
    """Say why nothing was changed: htmx keeps the input, others get it on a page."""
    if wants_fragment(request):
        return refused(request, sentence, _page_of(shown))
    if form.is_valid():
        form.add_error(None, sentence)
    context = {
        "form": form,
        "pretitle": "Uploads",
        "title": "Edit the upload",
        "cancel_url": _page_of(shown),
        "do": request.POST.get("do", ""),
    }
    return render(request, "dashboard/form_page.html", context, status=422)


@require_POST
@requires("images.add")
@missing_is_404
def upload_code_page(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Read the names of an archive in another code page, and check it again."""
    shown = get_upload(request.workspace, upload_id)
    form = CodePageForm(request.POST)
    if not form.is_valid():
        return refused(request, _first_error(form), _page_of(shown))
    values = form.cleaned_data
    try:
        mending.choose_code_page(
            upload=shown,
            part_id=values["part"],
            code_page=values["code_page"],
            actor=request.user,
        )
    except Refused as refusal:
        return refused(request, str(refusal), _page_of(shown))
    return see_other("upload", shown.id)


@require_POST
@requires("images.add")
@missing_is_404
def upload_commit(request: WorkspaceRequest, upload_id: UUID) -> HttpResponse:
    """Import what the plan lists."""
    shown = get_upload(request.workspace, upload_id)
    try:
        commit_upload(upload=shown, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return see_other("upload", shown.id)


def _changed(request: WorkspaceRequest, shown: Upload, sentence: str) -> HttpResponse:
    """Show the plan again after a change of many rows."""
    if not wants_fragment(request):
        messages.success(request, sentence)
        return see_other("upload", shown.id)
    now = get_upload(request.workspace, shown.pk)
    answer = render(request, f"{PLAN}#plan", _plan(request, now))
    return with_flash(answer, sentence)


def _page_of(shown: Upload) -> str:
    return resolve_url("upload", shown.pk)


def _files(count: int) -> str:
    return counted(count, "file was", "files were")


def _first_error(form: MendForm | RenameForm | CodePageForm) -> str:
    return str(next(iter(form.errors.values()))[0])
