"""The program's addresses and an empty view for members, to compare with."""

from django.http import HttpResponse
from django.urls import path

from accounts.access import requires
from accounts.http import WorkspaceRequest
from dashboard import urls


@requires("workspace.view")
def empty(request: WorkspaceRequest) -> HttpResponse:
    """Answer nothing, to whoever may look at the workspace."""
    return HttpResponse()


handler500 = urls.handler500
urlpatterns = [path("empty", empty), *urls.urlpatterns]
