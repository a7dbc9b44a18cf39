"""Combine the nouns' tables into one."""

from typing import Any

from dashboard.api.schema import fields
from dashboard.api.schema.calls import Call, Noun
from dashboard.api.schema.library import (
    groups,
    images,
    labels,
    regions,
    similarity_types,
    verifications,
)
from dashboard.api.schema.requests import async_requests
from dashboard.api.schema.search import collections, records, search
from dashboard.api.schema.training import descriptors, tasks, versions
from dashboard.api.schema.uploads import receiving
from dashboard.api.schema.workspaces import users, workspaces

NOUNS = (
    similarity_types.NOUN,
    tasks.NOUN,
    versions.NOUN,
    groups.NOUN,
    images.NOUN,
    labels.NOUN,
    regions.NOUN,
    verifications.NOUN,
    descriptors.NOUN,
    search.NOUN,
    async_requests.NOUN,
    receiving.NOUN,
    collections.NOUN,
    records.NOUN,
    users.NOUN,
    workspaces.NOUN,
)
CALLS: dict[str, dict[str, tuple[Noun, Call]]] = {
    address: {method: (noun, call) for method, call in calls.items()}
    for noun in NOUNS
    for address, calls in noun.calls.items()
}
# Shapes that no serializer has.
SCHEMAS: dict[str, Any] = (
    {
        "Flag": fields.FLAG,
        "WorkspaceId": {
            "description": "The workspace; overridden by the query parameter.",
        },
    }
    | descriptors.SCHEMAS
    | async_requests.SCHEMAS
    | users.SCHEMAS
    | records.SCHEMAS
)
# What a serializer checks by a method of its own.
ALSO: dict[str, Any] = tasks.ALSO | descriptors.ALSO
TAGS = [{"name": noun.name, "description": noun.text} for noun in NOUNS]
