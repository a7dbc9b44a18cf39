"""Start-up of the people's side of the program, and Django's admin with our site in it."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in

from accounts.logs import keep_secrets_out


class AccountsConfig(AppConfig):
    """Keep secrets out of the log, and record what happens to accounts."""

    name = "accounts"

    def ready(self) -> None:
        """Prepare this process, whether it is a web server, a worker or a command."""
        keep_secrets_out()
        # These need the models, which are not loaded when this module is.
        import_module("accounts.event_signals").connect()
        user_logged_in.connect(
            import_module("accounts.sessions").remember_sign_in, dispatch_uid="accounts.sessions"
        )


class OurAdminConfig(AdminConfig):
    """Django's admin, without a door of its own."""

    default_site = "accounts.admin_site.Site"
