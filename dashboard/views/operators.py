"""Guard the pages for operators of the installation; nobody else learns that they exist."""

from functools import wraps
from typing import ParamSpec

from django.http import Http404, HttpResponse

from accounts.http import WorkspaceRequest
from dashboard.views.rendering import View

P = ParamSpec("P")


def for_operators(view: View[P]) -> View[P]:
    """Answer 404 to everybody who is not an operator of the installation."""

    @wraps(view)
    def guarded(request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_staff:
            # 404 rather than 403: others need not know that there is such a page.
            raise Http404("This page does not exist.")
        return view(request, *args, **kwargs)

    return guarded
