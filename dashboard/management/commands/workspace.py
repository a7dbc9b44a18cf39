"""Export a workspace into an archive, or import one."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.access import is_allowed
from accounts.errors import AccountError
from accounts.models import User, Workspace
from accounts.queries import find_membership, get_user
from accounts.words import counted
from dashboard.files.errors import DiskLow
from dashboard.files.sizes import readable_size
from dashboard.services.errors import Refused
from dashboard.services.exchange.exporting import write_archive
from dashboard.services.exchange.transfers import send_archive


class Command(BaseCommand):
    """`workspace export` writes FILE; `workspace import` uploads it, and a worker imports it."""

    help = "Export a workspace into one archive, or import one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the two subcommands."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        out = verbs.add_parser("export", help="Write a workspace into FILE.")
        into = verbs.add_parser("import", help="Import an archive into a workspace.")
        for verb in (out, into):
            verb.add_argument("--workspace", type=UUID, required=True)
            verb.add_argument("file", type=Path)
        into.add_argument(
            "--email", required=True, help="Email address of the admin who exports or imports."
        )

    def handle(self, *_args: Any, verb: str, workspace: UUID, file: Path, **options: Any) -> None:
        """Run the subcommand; report an error in one sentence."""
        row = Workspace.objects.filter(pk=workspace).first()
        if row is None:
            raise CommandError(f"No workspace has the id {workspace}.")
        try:
            if verb == "export":
                self._export(row, file)
            else:
                job = send_archive(workspace=row, file=file, actor=_admin(row, options["email"]))
                self.stdout.write(f"A worker imports it. See job {job.pk}.")
        except (AccountError, Refused, DiskLow, OSError) as error:
            raise CommandError(str(error)) from error

    def _export(self, workspace: Workspace, file: Path) -> None:
        """Write to a temporary file and rename it last: the file is complete under its name."""
        aside = file.with_name(f".{file.name}.unfinished")
        try:
            counts = write_archive(workspace=workspace, path=aside)
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
        size = readable_size(file.stat().st_size)
        images, groups = counted(counts["images"], "image"), counted(counts["groups"], "group")
        self.stdout.write(f"{images} and {groups}, {size}.")


def _admin(workspace: Workspace, email: str) -> User:
    user = get_user(email)
    membership = find_membership(user, workspace.pk)
    if membership is None or not is_allowed(membership.role, "workspace.transfer"):
        raise CommandError(f"{email} is not an admin of {workspace}.")
    return user
