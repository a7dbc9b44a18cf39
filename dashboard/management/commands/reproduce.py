"""Check that a trained version can be reproduced."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.models import Version
from dashboard.services.errors import Refused
from dashboard.services.training.reproduction import train_again


class Command(BaseCommand):
    """`reproduce ID` trains a version again from its snapshot, compares, and stores nothing."""

    help = "Train a version again from its snapshot and compare the descriptors."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument."""
        parser.add_argument("id", type=UUID, help="Id of the version, as in its URL.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the check; report an error in one sentence."""
        rows = Version.objects.select_related("task__workspace", "workspace")
        version = rows.filter(pk=options["id"], status=Version.Status.TRAINED).first()
        if version is None:
            raise CommandError(f"No trained version has the id {options['id']}.")
        try:
            found = train_again(version=version)
        except Refused as error:
            raise CommandError(str(error)) from error
        outcome = (
            f"{version}, trained again: {found.described} descriptors differ by at most "
            f"{found.difference:.1e}."
        )
        if found.changed:
            outcome += f" Changed since then: {', '.join(found.changed)}."
        if not found.is_same:
            raise CommandError(outcome)
        self.stdout.write(outcome)
