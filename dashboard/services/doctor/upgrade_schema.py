"""Complete the tables of a database whose migrations were edited after they were applied."""

from collections.abc import Callable, Iterator
from functools import partial
from operator import methodcaller

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField
from django.db.migrations.state import ProjectState
from django.db.models import Index

from dashboard.models.landed import EARLIER_INDEXES, LATER_FIELDS, LATER_INDEXES, LATER_MODELS

APP = "dashboard"

Nodes = set[tuple[str, str]]
Step = Callable[[BaseDatabaseSchemaEditor], None]


def state_of(loader: MigrationLoader, applied: Nodes) -> ProjectState:
    """Return the models as these migrations define them, even if some in between are missing."""
    state = ProjectState(real_apps=loader.unmigrated_apps)
    seen = set()
    for leaf in loader.graph.leaf_nodes():
        for node in loader.graph.forwards_plan(leaf):
            if node in applied and node not in seen:
                state = loader.graph.nodes[node].mutate_state(state, preserve=False)
                seen.add(node)
    return state


def missing_steps(connection: BaseDatabaseWrapper, state: ProjectState) -> list[Step]:
    """Return the steps that add to the database what `state` has and the database lacks."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    there = {name for app, name in state.models if app == APP and f"{APP}_{name}" in tables}
    return [
        *_models(state, there),
        *_fields(connection, state, there),
        *_indexes(connection, state, there),
    ]


def complete_schema(connection: BaseDatabaseWrapper, state: ProjectState) -> None:
    """Apply the missing steps, all or none."""
    if steps := missing_steps(connection, state):
        # One transaction on both databases: SQLite can roll back schema changes, too.
        with connection.schema_editor() as editor:
            for step in steps:
                step(editor)


def _models(state: ProjectState, there: set[str]) -> Iterator[Step]:
    for name in LATER_MODELS:
        if (APP, name) in state.models and name not in there:
            model = state.apps.get_model(APP, name)
            yield methodcaller("create_model", model)


def _fields(
    connection: BaseDatabaseWrapper, state: ProjectState, there: set[str]
) -> Iterator[Step]:
    missing = [
        (model, name)
        for model, name in LATER_FIELDS
        if model in there
        and name in state.models[APP, model].fields
        and _column(state, model, name) not in _columns(connection, f"{APP}_{model}")
    ]
    # The editor must see the actual tables: SQLite copies them column by column.
    before = state.clone()
    for model, name in missing:
        before.remove_field(APP, model, name)
    for model, name in missing:
        add = AddField(model, name, state.models[APP, model].fields[name].clone())
        after = before.clone()
        add.state_forwards(APP, after)
        yield partial(_add_field, add, before, after)
        before = after


def _add_field(
    add: AddField, before: ProjectState, after: ProjectState, editor: BaseDatabaseSchemaEditor
) -> None:
    add.database_forwards(APP, editor, before, after)


def _column(state: ProjectState, model: str, name: str) -> str:
    """Return the column of a field without rendering all models, which would slow every start."""
    field = state.models[APP, model].fields[name]
    return f"{name}_id" if field.is_relation else name


def _indexes(
    connection: BaseDatabaseWrapper, state: ProjectState, there: set[str]
) -> Iterator[Step]:
    for name, index_name in (*LATER_INDEXES, *EARLIER_INDEXES):
        if name not in there:
            continue
        indexes = state.models[APP, name].options["indexes"]
        wanted = {index.name: index for index in indexes}.get(index_name)
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, f"{APP}_{name}")
        if wanted and index_name not in found:
            yield methodcaller("add_index", state.apps.get_model(APP, name), wanted)
        elif index_name in found and not wanted:
            gone = Index(fields=["id"], name=index_name)
            yield methodcaller("remove_index", state.apps.get_model(APP, name), gone)


def _columns(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    with connection.cursor() as cursor:
        return {
            column.name for column in connection.introspection.get_table_description(cursor, table)
        }
