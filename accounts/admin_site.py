"""Define Django's admin without its own sign-in: it uses the sign-in of all pages."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.utils.http import url_has_allowed_host_and_scheme

# No link leads to them.
UNUSED = {"autocomplete", "password_change_done", "view_on_site"}


class Site(AdminSite):
    """The admin for users who have signed in: their rate limits and second factors apply here, too.

    It shows what is registered as read-only. Libraries also register their own tables, such as the
    email addresses that they keep of users; those are excluded.
    """

    final_catch_all_view = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a model whose admin is marked as ours, and ignore any other."""
        if getattr(admin_class, "is_ours", False):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Return the URLs that the admin's pages use."""
        return [one for one in super().get_urls() if getattr(one, "name", "") not in UNUSED]

    def login(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Redirect to the sign-in page and back; 403 for users who are not operators."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = f"/{self.name}/"
        if self.has_permission(request):
            return redirect(wanted)
        if request.user.is_authenticated:
            raise PermissionDenied("This page is for administrators of the server.")
        return redirect_to_login(wanted)

    def logout(  # type: ignore[override]  # a redirect, not a template
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Redirect to the page that signs out."""
        return redirect("account_logout")

    def password_change(  # type: ignore[override]
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Redirect to the page that changes the password."""
        return redirect("account-password")
