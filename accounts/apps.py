"""Start-up of this room."""

from django.apps import AppConfig

from accounts.logs import keep_secrets_out


class AccountsConfig(AppConfig):
    """Keep secrets out of the log."""

    name = "accounts"

    def ready(self) -> None:
        """Prepare the log of this process, whether web server, worker or command."""
        keep_secrets_out()
