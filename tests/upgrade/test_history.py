"""A database of any commit that was ever on main becomes today's, with all that is in it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate as django_migrate
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField
from django.db.migrations.recorder import MigrationRecorder

from dashboard.services.doctor.upgrade import prepare_upgrade
from dashboard.services.doctor.upgrade_copy import copy_database
from tests.upgrade.databases import Rows, another, connect_anew, recorded, rows, schema
from tests.upgrade.history import APPS, commits, load

LAST = commits()[-1]
TABLES = {"accounts_activity": "accounts_change"}
RENAMED = {"dashboard_job": {"wake_at": "not_before", "stage": "step"}}
GONE = ("made_type", "is_archive")


@pytest.fixture(scope="module")
def todays(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Return the schema of a database that today's migrations made alone."""
    with django_db_blocker.unblock(), another(tmp_path_factory.mktemp("todays")):
        upgrade()
        return schema()


@pytest.fixture(autouse=True)
def _database(todays: dict[str, Any], django_db_blocker: Any, tmp_path: Path) -> Iterator[None]:
    with django_db_blocker.unblock(), another(tmp_path):
        yield


def upgrade() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def expect_todays(before: Rows, todays: dict[str, Any]) -> None:
    assert schema() == todays
    disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    assert recorded() == {node for node in disk if node[0] in APPS}
    after = rows()
    for table, kept in before.items():
        for row in kept:
            found = after[TABLES.get(table, table)]
            today = _today(table, row)
            assert any(today.items() <= there.items() for there in found), (table, row)


def _today(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return all that a row had, under the names that columns have today."""
    names = RENAMED.get(table, {})
    return {names.get(name, name): value for name, value in row.items() if name not in GONE}


@pytest.mark.parametrize("commit", commits())
def test_it_becomes_todays(commit: str, todays: dict[str, Any]) -> None:
    load(commit)
    before = rows()
    upgrade()
    expect_todays(before, todays)


@pytest.mark.parametrize("commit", ["be40d96", "dfe719f", "e808610", "2990510"])
def test_it_becomes_todays_after_a_start_that_broke_off(
    commit: str, todays: dict[str, Any]
) -> None:
    """Until now a start applied what it could, and ended with a traceback or without columns."""
    load(commit)
    before = rows()
    with suppress(DatabaseError, InconsistentMigrationHistory):
        call_command(django_migrate.Command(), "dashboard", "0010", verbosity=0)
    connect_anew()  # that process ended, and what it had not committed with it
    upgrade()
    expect_todays(before, todays)


@pytest.mark.parametrize(("commit", "steps"), [("e808610", n) for n in range(4)] + [("309a885", 1)])
def test_a_start_that_was_killed_is_repeated(
    commit: str, steps: int, todays: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(commit)
    before, apply = rows(), MigrationExecutor.apply_migration

    def killed(executor: MigrationExecutor, *args: Any, **options: Any) -> Any:
        nonlocal steps
        steps -= 1
        if steps < 0:
            raise KeyboardInterrupt
        return apply(executor, *args, **options)

    monkeypatch.setattr(MigrationExecutor, "apply_migration", killed)
    with suppress(KeyboardInterrupt):
        upgrade()
    assert steps < 0
    monkeypatch.undo()
    upgrade()
    expect_todays(before, todays)


def test_a_start_that_was_killed_keeps_the_first_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    load("e808610")
    before = recorded()
    if connection.vendor != "sqlite":
        assert copy_database(connection) is None
        return
    first = copy_database(connection)
    assert first is not None
    prepare_upgrade(connection)
    assert recorded() != before
    upgrade()
    file = Path(connection.settings_dict["NAME"])
    kept = file.with_name(f"{file.name}.before-upgrade")
    assert not first.exists()
    with closing(sqlite3.connect(kept)) as copy:
        names = copy.execute("SELECT app, name FROM django_migrations").fetchall()
    assert before <= set(names)
    assert ("dashboard", "0006_job_turns") not in names


def test_a_copy_of_days_ago_is_made_anew() -> None:
    if connection.vendor != "sqlite":
        return
    load("e808610")
    first = copy_database(connection)
    assert first is not None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_workspace SET name = 'Since'")
    copy_database(connection)
    with closing(sqlite3.connect(first)) as copy:
        assert copy.execute("SELECT name FROM accounts_workspace").fetchall() == [("Since",)]


def test_a_disk_without_room_for_a_copy_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load(LAST)
    MigrationRecorder(connection).record_unapplied("dashboard", "0008_name_search")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    upgrade()
    assert ("no room for a copy" in capsys.readouterr().err) == (connection.vendor == "sqlite")


def test_a_newer_database_is_refused_untouched() -> None:
    upgrade()
    MigrationRecorder(connection).record_applied("dashboard", "0099_from_tomorrow")
    before = schema(), recorded()
    with pytest.raises(CommandError) as refusal:
        upgrade()
    assert "newer version of Likewise" in str(refusal.value)
    assert "dashboard.0099_from_tomorrow" in str(refusal.value)
    assert (schema(), recorded()) == before


def test_a_migration_that_fails_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    load("2d5ec57")
    before = schema()

    def full(*_args: Any, **_options: Any) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(AddField, "database_forwards", full)
    with pytest.raises(CommandError) as refusal:
        upgrade()
    assert "database or disk is full" in str(refusal.value)
    assert (".upgrading" in str(refusal.value)) == (connection.vendor == "sqlite")
    assert schema() == before


def test_nothing_is_copied_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    upgrade()
    upgrade()
    assert not [*tmp_path.glob("*.before-upgrade"), *tmp_path.glob("*.upgrading")]
