"""Show the first page of a new installation, which creates the first account."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import setup_key
from accounts.errors import AlreadySetUp
from accounts.queries import has_users
from dashboard.forms.setup import SetupForm
from dashboard.services.workspaces.workspaces import open_installation


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Create the first account, with the one-time link, which then no longer works."""
    if has_users():
        return redirect(settings.LOGIN_URL)
    if not setup_key.is_valid(request.GET.get("key", "")):
        return render(request, "accounts/setup_needed.html", status=403)
    form = SetupForm(request.POST or None)
    if request.method != "POST":
        return render(request, "accounts/setup.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/setup.html", {"form": form}, status=422)
    try:
        owner, _ = open_installation(**form.cleaned_data)
    # Two people opened the link at the same time: the second one has no account here.
    except AlreadySetUp:
        return redirect(settings.LOGIN_URL)
    login(request, owner, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("home")
