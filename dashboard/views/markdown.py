"""Render the manual's Markdown as HTML: CommonMark with tables, and headings with anchors."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

# HTML in a text is shown as text, so that it cannot run.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_PAGE = re.compile(r"(?P<name>[\w-]+)\.md(?P<anchor>#[\w-]+)?")


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its level from 1 to 6, its text, and its anchor."""

    depth: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Rendered:
    """A page's title, its HTML below the title, its other headings, its links to other pages."""

    title: str
    html: SafeString
    headings: tuple[Heading, ...]
    links: tuple[str, ...]


def render(text: str, address_of: Callable[[str], str]) -> Rendered:
    """Render a page that begins with its title.

    `address_of` returns the URL of another page by the name of its file, without `.md`. Anchors are
    those that code hosts generate, so that one link works in both places.
    """
    tokens = _PARSER.parse(text)
    headings = [*_with_anchors(tokens)]
    links = [*_with_addresses(tokens, address_of)]
    html = _PARSER.renderer.render(tokens[3:], _PARSER.options, {})
    # Tables scroll inside the page, so that a phone's page does not.
    html = html.replace("<table>", '<div class="table-responsive"><table class="table">')
    html = html.replace("</table>", "</table></div>")
    # Long lines scroll, too, and without a mouse only elements with focus can be scrolled.
    html = html.replace("<pre>", '<pre tabindex="0">')
    safe = mark_safe(html)  # noqa: S308  the parser escapes all that is not its own
    return Rendered(headings[0].text, safe, tuple(headings[1:]), tuple(links))


def _with_anchors(tokens: Sequence[Token]) -> list[Heading]:
    """Add an anchor to each heading, and return the headings."""
    found: list[Heading] = []
    for token, inside in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(one.content for one in inside.children or ())
        anchor = slugify(text) or "section"
        taken = sum(one.anchor == anchor or one.anchor.startswith(f"{anchor}-") for one in found)
        anchor = f"{anchor}-{taken}" if any(one.anchor == anchor for one in found) else anchor
        token.attrSet("id", anchor)
        found.append(Heading(int(token.tag[1:]), text, anchor))
    return found


def _with_addresses(tokens: Sequence[Token], address_of: Callable[[str], str]) -> list[str]:
    """Replace links between pages by their URLs here, and return the linked pages."""
    found: list[str] = []
    for token in tokens:
        for one in token.children or ():
            target = _PAGE.fullmatch(str(one.attrGet("href") or ""))
            if one.type == "link_open" and target:
                found.append(target["name"])
                one.attrSet("href", address_of(target["name"]) + (target["anchor"] or ""))
    return found
