"""Django's admin without a door of its own: one signs in, and out, where everybody does."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.utils.http import url_has_allowed_host_and_scheme

# Nothing here leads to them.
UNUSED = {"autocomplete", "password_change_done", "view_on_site"}


class Site(AdminSite):
    """The admin of whom the sign-in page let in: its throttle and second factor hold here too.

    It shows what is registered as read-only. Libraries also register tables of theirs, such as
    the addresses that they keep of users; those are left out.
    """

    final_catch_all_view = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take a model whose admin says that it belongs here, and pass over any other."""
        if getattr(admin_class, "is_ours", False):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Return the addresses that the admin's pages use."""
        return [one for one in super().get_urls() if getattr(one, "name", "") not in UNUSED]

    def login(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Lead to the sign-in page and from there back; 403 for who is no operator."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = f"/{self.name}/"
        if self.has_permission(request):
            return redirect(wanted)
        if request.user.is_authenticated:
            raise PermissionDenied("This page is for administrators of the server.")
        return redirect_to_login(wanted)

    def logout(  # type: ignore[override]  # a redirect is no template
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Lead to the page that signs out."""
        return redirect("account_logout")

    def password_change(  # type: ignore[override]
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Lead to the page that changes the password."""
        return redirect("account-password")
