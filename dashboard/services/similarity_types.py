"""Make, change and delete similarity types."""

from typing import Any

from django.db import transaction

from accounts.activity import record
from accounts.models import User, Workspace
from dashboard.models import SimilarityType
from dashboard.services.errors import EmptyName


@transaction.atomic
def create_type(
    *, workspace: Workspace, name: str, description: str = "", exclusive: bool, actor: User
) -> SimilarityType:
    """Create a type; `exclusive` lets an image be in one group of it only."""
    if not name.strip():
        raise EmptyName("similarity type")
    similarity_type = SimilarityType.objects.create(
        workspace=workspace, name=name.strip(), description=description, exclusive=exclusive
    )
    _tell("created", similarity_type, actor)
    return similarity_type


def find_or_create_type(
    *, workspace: Workspace, name: str, exclusive: bool, actor: User
) -> SimilarityType:
    """Return the workspace's oldest type of that name, or create it."""
    rows = SimilarityType.objects.in_workspace(workspace).filter(name=name.strip())
    found: SimilarityType | None = rows.order_by("created", "id").first()
    return found or create_type(workspace=workspace, name=name, exclusive=exclusive, actor=actor)


@transaction.atomic
def describe_type(
    *, similarity_type: SimilarityType, name: str, description: str, actor: User
) -> None:
    """Give a type another name and description; raises `EmptyName`."""
    if not name.strip():
        raise EmptyName("similarity type")
    before = similarity_type.name
    similarity_type.name, similarity_type.description = name.strip()[:255], description
    similarity_type.save(update_fields=["name", "description", "modified"])
    _tell("changed", similarity_type, actor, before=before, after=similarity_type.name)


def _tell(verb: str, similarity_type: SimilarityType, actor: User, **details: Any) -> None:
    record(
        workspace=similarity_type.workspace,
        verb=verb,
        noun="type",
        target_id=similarity_type.id,
        target_name=similarity_type.name,
        details=details,
        actor=actor,
    )
