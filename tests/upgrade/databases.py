"""Databases of earlier versions: made by their own migrations, filled, and held against today's."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, connections, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests.upgrade.history import APPS

# What was installed beside our own from the first day on.
OTHERS = ("contenttypes", "auth", "admin", "sessions", "account")
WHEN = dt.datetime(2026, 11, 22, 18, 12, tzinfo=dt.UTC)
# What constraints ask for beyond a value of the field's type. A group is never in itself.
SPECIAL: dict[str, dict[str, Any]] = {
    "region": {"right": 9, "bottom": 9},
    "transfer": {"direction": "export"},
    "job": {"owner": "", "wake_at": WHEN, "not_before": WHEN},
    "uploadpart": {"path": "somewhere", "size": 7},
}
LEFT_OUT = {"groupnesting"}

Rows = dict[str, list[dict[str, Any]]]


@contextmanager
def another(folder: Path) -> Iterator[None]:
    """Let `connection` lead to an empty database of its own: a file, or one of PostgreSQL."""
    kept = connections["default"]
    wrapper, name = kept.copy(), f"upgrade_{uuid.uuid4().hex[:12]}"
    postgres = kept.vendor == "postgresql"
    if postgres:
        with kept._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    wrapper.settings_dict["NAME"] = name if postgres else str(folder / name)
    connections["default"] = wrapper
    try:
        yield
    finally:
        connection.close()
        connections["default"] = kept
        if postgres:
            with kept._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def connect_anew() -> None:
    """Let `connection` be what a new process has."""
    connection.close()
    connections["default"] = connections["default"].copy()


def migrate_as() -> None:
    """Do what `manage.py migrate` does, with the migrations that Django sees now."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    executor.migrate([leaf for leaf in leaves if leaf[0] in (*OTHERS, *APPS)])


def fill() -> None:
    """Make a row of each of our models as those migrations define them."""
    apps = MigrationLoader(connection).project_state().apps
    made: dict[Any, models.Model] = {}
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if model._meta.model_name not in LEFT_OUT:
                _row(model, made)


def _row(model: Any, made: dict[Any, models.Model]) -> models.Model:
    if model not in made:
        fields = {field.name: field for field in model._meta.concrete_fields}
        special = SPECIAL.get(model._meta.model_name, {})
        values = {name: value for name, value in special.items() if name in fields}
        if model._meta.model_name == "verification":
            values["image"] = _row(fields["image"].related_model, made)
        for name, field in fields.items():
            given = field.null or field.has_default() or isinstance(field, models.AutoField)
            if name not in values and not given:
                values[name] = _value(field, made)
        made[model] = model._default_manager.create(**values)
    return made[model]


def _value(field: Any, made: dict[Any, models.Model]) -> Any:
    match field:
        case models.ForeignKey():
            return _row(field.related_model, made)
        case models.BooleanField():
            return False
        case models.DateTimeField():
            return WHEN
        case models.UUIDField():
            return uuid.uuid4()
        case models.BinaryField():
            return b"1234"
        case models.JSONField():
            return {"kept": True}
        case models.CharField() | models.TextField():
            return field.choices[0][0] if field.choices else "kept"
    return 1


def rows() -> Rows:
    """Return every row of each table of ours, as its columns."""
    found = {}
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def schema() -> dict[str, Any]:
    """Return all that the database says of our tables."""
    look, found = connection.introspection, {}
    with connection.cursor() as cursor:
        for table in _tables():
            columns = {
                column.name: (column.type_code, column.null_ok, column.default)
                for column in look.get_table_description(cursor, table)
            }
            constraints = look.get_constraints(cursor, table)
            # SQLite names those of a primary key and its like by their order.
            named = {name: told for name, told in constraints.items() if not name.startswith("__")}
            found[table] = (columns, named)
    return found


def recorded() -> set[tuple[str, str]]:
    """Return the migrations of ours that the database says it has."""
    applied = MigrationRecorder(connection).applied_migrations()
    return {node for node in applied if node[0] in APPS}


def _tables() -> list[str]:
    names = connection.introspection.table_names()
    return [name for name in names if name.startswith(tuple(f"{app}_" for app in APPS))]
