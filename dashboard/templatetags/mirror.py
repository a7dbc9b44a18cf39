"""Show on a page that its workspace mirrors another one, and what of a thing was refused."""

from typing import Any

from django import template
from django.template.context import RequestContext

from dashboard.models import Group, Image, Link, SimilarityType, Task
from dashboard.queries.connections.links import link_of, problem_of, unsent_of
from dashboard.queries.connections.outbox import outgoing_counts
from dashboard.views.rendering import may

register = template.Library()
NOUNS: dict[type[Any], str] = {Group: "group", Image: "image", SimilarityType: "type", Task: "task"}
LOOKED_AT = ("group", "image", "task")
DECIDE = "groups.change"  # as on the page of the link


@register.inclusion_tag("dashboard/connections/mirror.html", takes_context=True)
def mirror(context: RequestContext, thing: Any = None) -> dict[str, Any]:
    """Render the line of a linked workspace; nothing, and no query, in any other."""
    request = context["request"]
    workspace = getattr(request, "workspace", None)
    link = link_of(workspace) if workspace is not None and workspace.mirrors else None
    if link is None:
        return {"link": None}
    return {
        "link": link,
        "counts": outgoing_counts(link),
        "csrf_token": context.get("csrf_token"),
        "may_decide": may(request, DECIDE),
        **(_of_thing(link, thing) if thing is not None else {}),
    }


def _of_thing(link: Link, thing: Any) -> dict[str, Any]:
    noun = NOUNS[type(thing)]
    return {
        "noun": noun,
        "thing_id": thing.pk,
        "is_looked_at": noun in LOOKED_AT,
        "problem": problem_of(link, noun, thing.pk),
        "unsent": unsent_of(link, thing.pk),
    }
