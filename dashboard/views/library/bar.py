"""Provide the bar under a grid, which adds the selected images to a group of a type."""

from dataclasses import dataclass
from uuid import UUID

from accounts.http import WorkspaceRequest
from dashboard.forms.selection import GroupingForm
from dashboard.models import SimilarityType
from dashboard.queries.library.image_tiles import ImageFilter
from dashboard.queries.library.similarity_types import types_in, types_offered

SESSION_KEY = "grouped_by"


@dataclass(frozen=True)
class Bar:
    """The offered types, the chosen one (None: the person has to choose), and an entered name."""

    types: list[SimilarityType]
    chosen: UUID | None
    name: str = ""


def bar(
    request: WorkspaceRequest,
    shown: ImageFilter | None = None,
    types: list[SimilarityType] | None = None,
) -> Bar:
    """Offer the type of the grid's filter, else the last used one, else the only one.

    Never any other: images could be added by mistake to a group of a type that nobody meant.
    `types` saves the query if the caller has them.
    """
    last = request.session.get(SESSION_KEY, {}).get(str(request.workspace.id))
    choices = [_of_filter(shown) if shown else None, UUID(last) if last else None]
    offered = types_offered(request.workspace) if types is None else [*types]
    for choice in filter(None, choices):
        if any(one.pk == choice for one in offered):
            return Bar(offered, choice)
        # Only the first types by name are offered; the one in use may come after them.
        if (one := types_in(request.workspace).filter(pk=choice).first()) is not None:
            return Bar([*offered, one], choice)
    return Bar(offered, offered[0].pk if len(offered) == 1 else None)


def typed(request: WorkspaceRequest) -> Bar:
    """Return the bar with what the person chose and entered."""
    sent = GroupingForm(request.POST, workspace=request.workspace)
    sent.is_valid()
    chosen = sent.cleaned_data.get("similarity_type")
    types = types_offered(request.workspace)
    if chosen is not None and chosen not in types:
        types.append(chosen)
    return Bar(types, chosen and chosen.pk, request.POST.get("name", "")[:255])


def remember_type(request: WorkspaceRequest, used: SimilarityType) -> None:
    """Store the type for this person's next use in this workspace."""
    kept = request.session.get(SESSION_KEY, {})
    if kept.get(str(request.workspace.id)) != str(used.pk):
        request.session[SESSION_KEY] = kept | {str(request.workspace.id): str(used.pk)}


def _of_filter(shown: ImageFilter) -> UUID | None:
    if shown.without_type is not None:
        return shown.without_type.pk
    return shown.group.similarity_type_id if shown.group is not None else None
