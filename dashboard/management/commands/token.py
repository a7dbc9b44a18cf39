"""Create and revoke API tokens."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.errors import AccountError, NotAMember
from accounts.models import Scope, User, Workspace
from accounts.queries import get_user, memberships_of
from accounts.services import issue_token, revoke_tokens_named
from accounts.words import counted


class Command(BaseCommand):
    """`token create` prints one line, the token; `token revoke` prints what it did."""

    help = "Create or revoke an API token."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the two subcommands."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="Create a token and print it, once.")
        revoke = verbs.add_parser("revoke", help="Revoke a user's tokens of this name.")
        for verb in (create, revoke):
            verb.add_argument("--email", required=True, help="Email address of the user.")
            verb.add_argument("--name", required=True, help="Name of the token.")
        create.add_argument("--workspace", type=UUID, help="Its default workspace.")
        create.add_argument("--scope", choices=Scope.values, default=Scope.WRITE)
        create.add_argument(
            "--days", type=int, help="Days until it expires; by default it works until revoked."
        )

    def handle(self, *_args: Any, verb: str, email: str, name: str, **options: Any) -> None:
        """Run the subcommand; report an error in one sentence."""
        try:
            user = get_user(email)
            if verb == "create":
                # One line and nothing else, so that a script can read it.
                self.stdout.write(_create(user, name, options))
            else:
                count = revoke_tokens_named(name=name, actor=user)
                self.stdout.write(f"Revoked {counted(count, 'token')}.")
        except AccountError as error:
            raise CommandError(str(error)) from error


def _create(user: User, name: str, options: dict[str, Any]) -> str:
    days = options["days"]
    if days is not None and not 0 < days <= 36500:
        raise CommandError("A token is valid for 1 to 36500 days.")
    if not 0 < len(name.strip()) <= 100:
        raise CommandError("The name of a token has 1 to 100 characters.")
    _, key = issue_token(
        name=name,
        workspace=_workspace(user, options["workspace"]),
        scope=options["scope"],
        expires=timezone.now() + timedelta(days=days) if days else None,
        actor=user,
    )
    return key


def _workspace(user: User, wanted: UUID | None) -> Workspace:
    for membership in memberships_of(user):
        if wanted in (None, membership.workspace_id):
            return membership.workspace
    raise NotAMember
