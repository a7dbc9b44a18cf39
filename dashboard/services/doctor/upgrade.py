"""Prepare the database of an earlier version for `migrate`, or refuse before anything changes.

Each step commits on its own and determines again what is left to do, so an upgrade that was killed
can simply be repeated.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from dashboard.models.landed import RENAMED
from dashboard.services.doctor.upgrade_schema import Nodes, complete_schema, missing_steps, state_of
from dashboard.services.errors import Refused

OURS = ("accounts", "dashboard")


class NewerDatabase(Refused):
    """The database has migrations that this version does not know."""

    def __init__(self, unknown: Nodes) -> None:
        app, name = min(unknown)
        super().__init__(
            "The database was made by a newer version of Likewise: this one does not know its "
            f"migration {app}.{name}. Start the newer version, or restore the backup from before "
            "the upgrade. Nothing was changed."
        )


def is_to_be_upgraded(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the database is of an earlier version. Raises `NewerDatabase`."""
    loader = MigrationLoader(connection)
    recorded = _ours(loader.applied_migrations)
    # Checked before anything is written: an older program would misread newer tables.
    unknown = {node for node in recorded - loader.disk_migrations.keys() if not _is_renamed(node)}
    if unknown:
        raise NewerDatabase(unknown)
    if not recorded:
        return False
    missing = loader.disk_migrations.keys() - loader.applied_migrations.keys()
    return bool(
        missing or missing_steps(connection, state_of(loader, set(loader.applied_migrations)))
    )


def prepare_upgrade(connection: BaseDatabaseWrapper) -> None:
    """Bring a database whose migrations were later rewritten to what today's migrations expect."""
    # In this order: the loader needs the names, and skipped migrations need the schema.
    _rename_recorded(connection)
    loader = MigrationLoader(connection)
    complete_schema(connection, state_of(loader, set(loader.applied_migrations)))
    _apply_skipped(connection)


def _rename_recorded(connection: BaseDatabaseWrapper) -> None:
    """Record the applied migrations under their current names."""
    recorder = MigrationRecorder(connection)
    loader = MigrationLoader(connection)
    recorded = _ours(loader.applied_migrations)
    with transaction.atomic(using=connection.alias):
        for app, name in sorted(recorded - loader.disk_migrations.keys()):
            recorder.record_unapplied(app, name)
            if (app, RENAMED[name]) not in recorded:
                recorder.record_applied(app, RENAMED[name])
                recorded.add((app, RENAMED[name]))


def _apply_skipped(connection: BaseDatabaseWrapper) -> None:
    """Apply the migrations that now come before one that is already applied.

    They were renumbered to come first; none touches a table of those that they now precede.
    """
    executor = MigrationExecutor(connection)
    graph, recorded = executor.loader.graph, _ours(executor.loader.applied_migrations)
    needed = {node for end in recorded for node in graph.forwards_plan(end)}
    plan = executor.migration_plan(graph.leaf_nodes(), clean_start=True)
    for migration, _backwards in plan:
        node = (migration.app_label, migration.name)
        if node in _ours(needed) - recorded:
            before = executor.loader.applied_migrations.keys() & graph.forwards_plan(node)
            executor.apply_migration(state_of(executor.loader, set(before)), migration)
            # The executor records a row without updating the loader.
            executor.loader.build_graph()


def _ours(nodes: Iterable[tuple[str, str]]) -> Nodes:
    return {node for node in nodes if node[0] in OURS}


def _is_renamed(node: tuple[str, str]) -> bool:
    return node[0] == "dashboard" and node[1] in RENAMED
