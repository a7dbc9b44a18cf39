"""The bar under a grid: into which group of which type the ticked images go."""

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
    """The types on offer, the one that is chosen (None: the person chooses), and a typed name."""

    types: list[SimilarityType]
    chosen: UUID | None
    name: str = ""


def bar(
    request: WorkspaceRequest,
    shown: ImageFilter | None = None,
    types: list[SimilarityType] | None = None,
) -> Bar:
    """Offer the type of the grid's filter, else the one used last, else the only one there is.

    Never any other: images would go by mistake into a group of a type that nobody had in mind.
    `types` saves the query of who has them.
    """
    last = request.session.get(SESSION_KEY, {}).get(str(request.workspace.id))
    choices = [_of_filter(shown) if shown else None, UUID(last) if last else None]
    offered = types_offered(request.workspace) if types is None else [*types]
    for choice in filter(None, choices):
        if any(one.pk == choice for one in offered):
            return Bar(offered, choice)
        # Only the first types by name are offered; the one in use may stand behind them.
        if (one := types_in(request.workspace).filter(pk=choice).first()) is not None:
            return Bar([*offered, one], choice)
    return Bar(offered, offered[0].pk if len(offered) == 1 else None)


def typed(request: WorkspaceRequest) -> Bar:
    """Offer again what the person chose and typed."""
    sent = GroupingForm(request.POST, workspace=request.workspace)
    sent.is_valid()
    chosen = sent.cleaned_data.get("similarity_type")
    types = types_offered(request.workspace)
    if chosen is not None and chosen not in types:
        types.append(chosen)
    return Bar(types, chosen and chosen.pk, request.POST.get("name", "")[:255])


def remember_type(request: WorkspaceRequest, used: SimilarityType) -> None:
    """Keep the type for this person's next use in this workspace."""
    kept = request.session.get(SESSION_KEY, {})
    if kept.get(str(request.workspace.id)) != str(used.pk):
        request.session[SESSION_KEY] = kept | {str(request.workspace.id): str(used.pk)}


def _of_filter(shown: ImageFilter) -> UUID | None:
    if shown.without_type is not None:
        return shown.without_type.pk
    return shown.group.similarity_type_id if shown.group is not None else None
