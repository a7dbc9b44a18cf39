"""Render the responses of views: pages or htmx fragments, redirects, and refusals."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import reswap, trigger_client_event

from accounts.access import is_allowed
from accounts.http import WorkspaceRequest
from dashboard.queries.pages import BadCursor

P = ParamSpec("P")
View = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]


def may(request: WorkspaceRequest, action: str) -> bool:
    """Return whether the person may do an action, which decides whether its button is shown."""
    return request.membership is not None and is_allowed(request.membership.role, action)


def wants_fragment(request: WorkspaceRequest) -> bool:
    """Return whether htmx will insert the response into an existing page."""
    htmx = request.htmx
    # htmx also requests whole pages: by boosted links, and when its history lacks one.
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page_or_fragment(
    request: WorkspaceRequest,
    template: str,
    fragment: str,
    context: dict[str, Any],
    *,
    fragments: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page, or only its partial `fragment`, whose name is its DOM id.

    `fragments` is the template of the partial, if it is not the page's own.
    """
    name = f"{fragments or template}#{fragment}" if wants_fragment(request) else template
    response = render(request, name, context, status=status)
    # Page and fragment have one URL: a cache must not return one for the other.
    patch_vary_headers(response, ["HX-Request"])
    return response


def form_page(
    request: WorkspaceRequest,
    form: BaseForm,
    title: str,
    *,
    under: str,
    cancel_url: str,
    **more: Any,
) -> HttpResponse:
    """Show a form on a page of its own, below the word `under`; 422 for a refused one."""
    context = {"form": form, "pretitle": under, "title": title, "cancel_url": cancel_url, **more}
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/form_page.html", context, status=status)


def with_flash(response: HttpResponse, sentence: str, level: str = "success") -> HttpResponse:
    """Let htmx's page show a message; see `flash.js`."""
    return trigger_client_event(response, "flash", {"level": level, "text": sentence})


def refused(request: WorkspaceRequest, sentence: str, to: str) -> HttpResponse:
    """Say why nothing was changed: htmx keeps page and selection; others go `to`."""
    if not wants_fragment(request):
        messages.error(request, sentence)
        return see_other(to)
    return stays(sentence)


def stays(sentence: str) -> HttpResponse:
    """Let htmx keep the page, with selection and input, and show the reason."""
    return with_flash(reswap(HttpResponse(status=422), "none"), sentence, "error")


def see_other(to: Any, *args: Any) -> HttpResponseRedirect:
    """Redirect the browser with a GET, after a write."""
    response = HttpResponseRedirect(resolve_url(to, *args))
    # 303, after which every browser and htmx use GET; 302 leaves the method open.
    response.status_code = 303
    return response


def missing_is_404(view: View[P]) -> View[P]:
    """Answer 404 for what is not in the workspace, and for a damaged URL."""

    @wraps(view)
    def finding(request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ObjectDoesNotExist as error:
            raise Http404(str(error)) from error
        except BadCursor as error:
            return damaged(request, str(error))

    return finding


def unusable(form: BaseForm, reason: str) -> str:
    """Return what is wrong with a list's filter; `reason` is why a thing in it may be missing."""
    if "search" in form.errors:
        return f"This name cannot be searched for: {form.errors['search'][0]}"
    return f"This filter no longer applies: {reason}."


def damaged(request: HttpRequest, sentence: str) -> HttpResponse:
    """Say what is wrong with the URL, and link to the beginning of the same list."""
    context = {"sentence": sentence, "again": request.path}
    return render(request, "dashboard/damaged_address.html", context, status=404)
