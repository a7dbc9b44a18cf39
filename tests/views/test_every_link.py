"""From Home, link by link, a person comes to every page that the program offers."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

from dashboard.models import ConnectionToken, Version
from dashboard.services.library.nesting import add_groups
from tests.factories import Cast, make_group, make_link, make_type, make_upload, signed_in
from tests.routes import OPERATORS, OWN, PAGES, THINGS, Operator, Own, Page
from tests.services.uploads.uploaded import SHOES, committed, planned, received, zipped

# Of each kind of page so many are opened: their links are of the same kinds.
OF_EACH = 8
NOT_LINKED = {
    "upload-unfinished": "a part of the list of jobs, which asks for it",
    "account-email-confirm": "the link is in a mail",
    "second-factor-off": "is there once a second factor is on: see test_second_factor",
    "recovery-codes-new": "is there once a second factor is on: see test_second_factor",
    "job-progress": "a fragment that a page asks for while a job runs",
    "job-tray": "a fragment that every page asks for",
    "group-names": "what a field for a name asks for while one types",
    "image-alike": "a strip that the image's page asks for",
    "demo": "linked from Home once the demo is loaded: see test_demo",
    "extraction-file": "a file, linked once it is written: see test_extraction_page",
    "transfer-file": "a file, linked once it is written: see test_transfers",
    "upload-parts": "JSON for the page that sends",
}
TEMPLATES = Path(__file__).parents[2] / "templates"
INCLUDE = re.compile(r'{%\s*include\s+"([^"]+)"([^%]*)%}')
COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
GIVEN = re.compile(r"{[{%][^}]*?(?<![\w.\"'/-])(request|csrf_token)\b(?!\s*=)[^}]*}")


class Links(HTMLParser):
    """The addresses that a page's links and searching forms lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "a" and told.get("href"):
            self.found.append(str(told["href"]))
        if tag == "form" and (told.get("method") or "get") == "get" and told.get("action"):
            self.found.append(str(told["action"]))


def _fill(cast: Cast) -> None:
    """Make one thing of each kind, in the states in which pages lead on."""
    # Two others make the same image; the factory's jobs are about nothing.
    for noun in THINGS.keys() - {"region", "image-verification", "job", "request", "connection"}:
        THINGS[noun](cast)
    # A workspace that mirrors another one is changed only with a token for that.
    ConnectionToken.objects.create(
        connection=make_link(cast.workspace).connection,
        membership=cast.alice.memberships.get(workspace=cast.workspace),
        secret="encrypted",
    )
    kind = make_type(cast.workspace, "Same room")
    group = make_group(kind, "Kitchen")
    add_groups(group=make_group(kind, "Rooms"), ids=[group.pk], actor=cast.alice)
    make_upload(cast.workspace, stage="receiving", committed=None)
    files = {"shoes.zip": zipped(SHOES | {"shoes/red/note.jpg": b"hello"})}
    planned(received(cast, files, new_type_name="Same shoe"))
    brought = received(cast, files, similarity_type=kind)
    planned(brought)
    committed(brought)
    Version.objects.update(status=Version.Status.TRAINED)


def _followed(client: Client) -> dict[str, str]:
    """Follow every link from Home; return of each route that was reached one address."""
    waiting, seen, opened = ["/"], {"/"}, Counter[str]()
    reached: dict[str, str] = {}
    while waiting:
        address = waiting.pop(0)
        name = resolve(urlsplit(address).path).url_name or ""
        opened[name] += 1
        if opened[name] > OF_EACH or name.startswith("api-"):
            continue
        answer = client.get(address)
        assert answer.status_code in {200, 302, 303}, (address, answer.status_code)
        reached.setdefault(name, address)
        links = [answer["Location"]] if "Location" in answer else []
        if "text/html" in answer.get("Content-Type", "") and not answer.streaming:
            links += Links(answer.content.decode()).found
        for link in links:
            there = urlsplit(urljoin(address, link))
            path = there.path + (f"?{there.query}" if there.query else "")
            if there.netloc or path in seen or not _is_ours(there.path):
                continue
            seen.add(path)
            waiting.append(path)
    return reached


def _is_ours(path: str) -> bool:
    if path.startswith(("/static/", "/media/", "/admin/")):
        return False
    try:
        resolve(path)
    except Resolver404:
        raise AssertionError(f"a link leads to {path}, where nothing is") from None
    return True


def test_every_page_is_reached_from_home(cast: Cast) -> None:
    cast.alice.is_staff = True
    cast.alice.save()
    _fill(cast)
    reached = _followed(signed_in(cast.alice))
    rows: list[Page | Own | Operator] = [*PAGES, *OWN, *OPERATORS]
    offered = {one.name for one in rows if "GET" in one.methods}
    assert sorted(offered - reached.keys() - NOT_LINKED.keys()) == [], "no link leads there"
    assert sorted(NOT_LINKED.keys() - offered) == [], "these are listed and not there"


def test_every_room_of_the_settings_leads_to_the_others(cast: Cast) -> None:
    cast.alice.is_staff = True
    cast.alice.save()
    client = signed_in(cast.alice)
    rooms = {"/settings/", "/settings/members", "/settings/tokens", "/settings/transfers"}
    rooms |= {"/settings/encoders", "/settings/account-activity", "/settings/webhooks"}
    for room in sorted(rooms):
        assert rooms <= set(Links(client.get(room).content.decode()).found), room


def test_an_included_template_is_given_what_it_reads() -> None:
    """`only` hides the request: whoever reads it shows less, and no error says so."""
    lost = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        for name, options in INCLUDE.findall(path.read_text()):
            if "only" not in options.split():
                continue
            for word in sorted(set(GIVEN.findall(_text_with_parts(name)))):
                if f"{word}=" not in options:
                    lost.append(f"{path.relative_to(TEMPLATES)} hides {word} from {name}")
    assert lost == []


def _text_with_parts(name: str) -> str:
    """Return a template's text, and that of whatever it includes with all that it knows."""
    text = COMMENT.sub("", (TEMPLATES / name).read_text())
    inside = [part for part, told in INCLUDE.findall(text) if "only" not in told.split()]
    return text + "".join(_text_with_parts(part) for part in inside)
