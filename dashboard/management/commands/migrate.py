"""Migrate databases of every earlier version, and report errors in sentences."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.services.doctor.upgrade import is_to_be_upgraded, prepare_upgrade
from dashboard.services.doctor.upgrade_copy import copy_database, keep_copy
from dashboard.services.errors import Refused

# With one of these options it is a developer's command, which runs Django's own.
OF_DEVELOPERS = ("app_label", "plan", "check_unapplied", "fake", "prune")


class Command(migrate.Command):
    """Refuse a newer database untouched; copy and prepare an earlier one before migrating."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, or report in one sentence what is wrong and what to do."""
        if any(options[name] for name in OF_DEVELOPERS):
            super().handle(*args, **options)
            return
        connection, copy = connections[options["database"]], None
        try:
            if is_to_be_upgraded(connection):
                # Before any change; `keep_copy` gives it its final name once the upgrade is done.
                copy = self._copy(connection)
                prepare_upgrade(connection)
            super().handle(*args, **options)
        except Refused as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            way_back = f", or return to the previous version with {copy}" if copy else ""
            raise CommandError(
                f"The database could not be upgraded: {str(error).strip().rstrip('.')}. The step "
                f"that failed was undone. Fix its cause and start again{way_back}."
            ) from error
        # Last: until then the copy of the previous upgrade is the one to restore.
        if kept := keep_copy(connection):
            self.stdout.write(f"The database from before this upgrade is kept in {kept}.")

    def _copy(self, connection: BaseDatabaseWrapper) -> Path | None:
        copy = copy_database(connection)
        if copy is None and connection.vendor == "sqlite":
            self.stderr.write("The disk has no room for a copy of the database, so none was made.")
        return copy
