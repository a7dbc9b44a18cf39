"""Start-up of this room."""

from importlib import import_module

from django.apps import AppConfig

from accounts.logs import keep_secrets_out


class AccountsConfig(AppConfig):
    """Keep secrets out of the log, and write down what happens to accounts."""

    name = "accounts"

    def ready(self) -> None:
        """Prepare this process, whether it is a web server, a worker or a command."""
        keep_secrets_out()
        import_module("accounts.event_signals").connect()  # needs the models
