"""Configure the app of accounts, and Django's admin with its own site."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in

from accounts.logs import keep_secrets_out


class AccountsConfig(AppConfig):
    """Keep secrets out of the log, and record events of accounts."""

    name = "accounts"

    def ready(self) -> None:
        """Prepare this process, whether it is a web server, a worker or a command."""
        keep_secrets_out()
        # These need the models, which are not loaded when this module is imported.
        import_module("accounts.event_signals").connect()
        user_logged_in.connect(
            import_module("accounts.sessions").remember_sign_in, dispatch_uid="accounts.sessions"
        )


class OurAdminConfig(AdminConfig):
    """Django's admin, without its own sign-in."""

    default_site = "accounts.admin_site.Site"
