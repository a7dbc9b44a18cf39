"""Create accounts, and restore access for users without their password or phone."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.errors import AccountError
from accounts.models import User
from accounts.notices import tell
from accounts.queries import get_user
from accounts.reset_links import reset_link
from accounts.second_factors import turn_off
from accounts.services import create_user
from dashboard.services.workspaces.workspaces import open_workspace


class Command(BaseCommand):
    """`user create` creates an account; `reset-link` and `reset-second-factor` restore access.

    `user reset-link` prints one line, the link.
    """

    help = "Create an account with its own workspace, or help somebody sign in again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the subcommands."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Create an account and its workspace.")
        create.add_argument("--email", required=True, help="Email address to sign in with.")
        create.add_argument("--password", required=True)
        create.add_argument("--name", default="", help="Name that pages show.")
        reset = verbs.add_parser(
            "reset-second-factor", help="Let somebody who has lost their phone sign in by password."
        )
        reset.add_argument("--email", required=True, help="Email address to sign in with.")

        link = verbs.add_parser(
            "reset-link", help="Print a single-use link that sets a new password."
        )
        link.add_argument("--email", required=True, help="Email address of the account.")

    def handle(self, *_args: Any, verb: str, email: str, **options: Any) -> None:
        """Run the subcommand; report an error in one sentence."""
        try:
            if verb == "create":
                user = _create(email, options["password"], options["name"])
                said = f"{user.email} can now sign in."
            elif verb == "reset-link":
                said = reset_link(get_user(email))
            else:
                user = _reset(email)
                said = (
                    f"{user.email} signs in with the password alone until a new second factor is "
                    "set up."
                )
        except AccountError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(said)


@transaction.atomic
def _create(email: str, password: str, name: str) -> User:
    user = create_user(email=email, password=password, name=name)
    # In the transaction of the account: without a workspace it could do nothing.
    open_workspace(name=f"{user.get_short_name()}’s workspace"[:150], actor=user)
    return user


def _reset(email: str) -> User:
    user = get_user(email)
    turn_off(user=user)
    tell(None, user.email, "Your second factor was reset", "second_factor_reset")
    return user
