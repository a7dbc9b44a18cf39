"""Rename a thing in the title of its page."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from accounts.http import WorkspaceRequest
from dashboard.forms.renaming import NameForm
from dashboard.services.errors import Refused
from dashboard.views.rendering import with_flash

TITLE, FORM = "partials/title.html", "partials/rename.html"


@dataclass(frozen=True)
class Named:
    """A thing with a name, the URL of its page, and that of the page that changes it."""

    noun: str
    name: str
    url: str
    change_url: str


def rename(request: WorkspaceRequest, named: Named, save: Callable[[str], object]) -> HttpResponse:
    """Answer htmx with the form in place of the title, or with the changed title.

    `save` gets the new name and may raise `Refused`.
    """
    if request.method != "POST":
        form = NameForm(initial={"name": named.name})
        return _title(request, named) if "keep" in request.GET else _form(request, named, form)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            save(name := form.cleaned_data["name"])
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            renamed = Named(named.noun, name, named.url, named.change_url)
            return with_flash(
                _title(request, renamed), f"The {named.noun} was renamed to “{name}”."
            )
    return _form(request, named, form)


def _title(request: WorkspaceRequest, named: Named) -> HttpResponse:
    context = {"name": named.name, "rename_url": named.change_url, "is_new": True}
    return _answer(render(request, TITLE, context))


def _form(request: WorkspaceRequest, named: Named, form: NameForm) -> HttpResponse:
    status = 422 if form.errors else 200
    return _answer(render(request, FORM, {"named": named, "form": form}, status=status))


def _answer(response: HttpResponse) -> HttpResponse:
    """Keep it separate from the page with the same URL, for caches."""
    patch_vary_headers(response, ["HX-Request"])
    return response
