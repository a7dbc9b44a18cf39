"""Find all rows that belong to a workspace, in every table."""

from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db.models import CASCADE, PROTECT, RESTRICT, ForeignKey, Model, QuerySet

from accounts.models import Workspace

# With the other kinds of foreign keys, a row stays when the one that it refers to is deleted.
_HOLDS = (CASCADE, PROTECT, RESTRICT)


def rows_of(workspace: Workspace) -> Iterator[QuerySet[Any]]:
    """Yield the rows of a workspace, one query per table, those first that refer to others.

    Deleted in this order, no row blocks a later one, and none cascades to many.
    """
    for model, path in _tables():
        yield model._base_manager.filter(**{path: workspace.pk}).order_by()


@cache
def _tables() -> list[tuple[type[Model], str]]:
    """Return each table below a workspace, and the path from its rows to the workspace."""
    points_to = {model: _keys(model) for model in apps.get_models(include_auto_created=True)}
    paths: dict[type[Model], str] = {Workspace: "pk"}
    # A row without a workspace of its own belongs to that of the row that cascades to it.
    while found := {
        model: _path(key, paths)
        for model, keys in points_to.items()
        for key in keys
        if model not in paths and key.remote_field.on_delete is CASCADE and _target(key) in paths
    }:
        paths |= found
    del paths[Workspace]
    # From the models, not from a list: a table that is added later cannot be missed here.
    order = TopologicalSorter({model: set(map(_target, points_to[model])) for model in paths})
    return [(model, paths[model]) for model in reversed([*order.static_order()]) if model in paths]


def _keys(model: type[Model]) -> list[ForeignKey[Any, Any]]:
    """Return the foreign keys of a table whose target its rows cannot outlive."""
    return [
        field
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey)
        and field.remote_field.on_delete in _HOLDS
        # A table that refers to itself would be a cycle; its rows are deleted by one statement.
        and field.remote_field.model is not model
    ]


def _target(key: ForeignKey[Any, Any]) -> type[Model]:
    target: type[Model] = key.remote_field.model
    return target


def _path(key: ForeignKey[Any, Any], paths: dict[type[Model], str]) -> str:
    rest = paths[_target(key)]
    return key.name if rest == "pk" else f"{key.name}__{rest}"
