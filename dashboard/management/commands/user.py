"""Make accounts."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.errors import AccountError
from accounts.models import User
from accounts.services import create_user
from dashboard.services.workspaces import open_workspace


class Command(BaseCommand):
    """`user create` makes an account and a workspace that it owns."""

    help = "Make an account; a workspace of its own comes with it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verb."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Make an account and its workspace.")
        create.add_argument("--email", required=True, help="The address to sign in with.")
        create.add_argument("--password", required=True)
        create.add_argument("--name", default="", help="What pages call the person.")

    def handle(self, *_args: Any, email: str, password: str, name: str, **_options: Any) -> None:
        """Do it, or say in one sentence why not."""
        try:
            user = _create(email, password, name)
        except AccountError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.email} can sign in now.")


@transaction.atomic
def _create(email: str, password: str, name: str) -> User:
    user = create_user(email=email, password=password, name=name)
    open_workspace(name=f"{user.get_short_name()}’s workspace"[:150], actor=user)
    return user
