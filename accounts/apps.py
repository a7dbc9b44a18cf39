"""The people's side of the program, and Django's admin with our site in it."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in


class AccountsConfig(AppConfig):
    """Users, workspaces, roles, keys."""

    name = "accounts"

    def ready(self) -> None:
        """Remember each sign-in, whichever page it came from."""
        from accounts.sessions import remember_sign_in  # noqa: PLC0415  # needs the models

        user_logged_in.connect(remember_sign_in, dispatch_uid="accounts.sessions")


class OurAdminConfig(AdminConfig):
    """Django's admin, without a door of its own."""

    default_site = "accounts.admin_site.Site"
