"""What people read uses the words of CONTRIBUTING, and none that it retires."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
# What to write instead is in the table of CONTRIBUTING, which a test below holds against this.
RETIRED = {
    "picture": r"pictures?\b",
    "likeness": r"likeness(es)?\b",
    "meta data": r"meta data\b",
    "e-mail": r"e-mails?\b",
    "log in": r"log(s|ged|ging)? (in|out)\b",
    "address": r"(?<!email )(?<!IP )address(es)?\b",
    "bring in": r"(bring(s|ing)?|brought) (it |them |him |\w+ )?in\b(?! an?\b)",
    "come in": r"(comes?|came|coming) in\b",
    "mend": r"mend(s|ed|ing)?\b",
    "give up": r"(give[sn]?|giving|gave) (it |them )?up\b",
    "leave out": r"(leave|leaves|left|leaving) (it |them )?out\b",
    "take back": r"(take[sn]?|taking|took) (it |them )?back\b",
    "take up": r"(take[sn]?|taking|took) up\b",
    "go on": r"(go|goes|going|gone|went) on\b",
    "not here yet": r"not here yet\b",
    "look through": r"look(s|ed|ing)? (it |them )?through\b",
    "whoever": r"whoever\b",
    "what was sent": r"what (is|was) sent\b",
    "is no": r"(?<!there )(is|are) no (?!longer\b|more\b)\w+",
    "one's own": r"one['’]s own\b",
    "kept apart": r"(keeps?|kept|stay|stays|stayed) apart\b",
}
PATTERNS = {word: re.compile(rf"\b{pattern}", re.IGNORECASE) for word, pattern in RETIRED.items()}

MESSAGES = (
    *(f"dashboard/{room}" for room in ("api", "files", "forms", "jobs", "management", "process")),
    *(f"dashboard/{room}" for room in ("queries", "remote", "services", "views")),
    *("dashboard/checks.py", "dashboard/settings.py", "dashboard/tus.py", "accounts"),
)
# A text that may keep a word, and why.
ALLOWED = {
    # The verb of an activity row that is stored.
    "dashboard/services/library/verifications.py": {"took back a verification of"},
}


def without_code(markdown: str) -> str:
    """Return the prose: names of fields, files and commands may be spelled as they are."""
    prose = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`|\]\([^)\s]*\)", "", prose)


def docs() -> Iterator[tuple[str, str]]:
    for path in (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"):
        yield path.relative_to(ROOT).as_posix(), without_code(path.read_text())


def docstrings(tree: ast.AST) -> set[ast.AST]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners)]
    return {body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)}


def messages(path: Path) -> Iterator[str]:
    """Give the strings of a module that read like prose: they have a space."""
    tree = ast.parse(path.read_text())
    passed_over = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if " " in node.value.strip() and node not in passed_over:
                yield node.value


def python() -> Iterator[tuple[str, str]]:
    for room in MESSAGES:
        paths = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))
        for path in paths:
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), "\n".join(messages(path))


class Shown(HTMLParser):
    """Collects what a page shows or reads out: its text, and the attributes that hold text."""

    ATTRIBUTES = ("alt", "aria-label", "content", "placeholder", "title")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and (name in self.ATTRIBUTES or (name.startswith("data-") and " " in value)):
                self.texts.append(value)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shown(template: str) -> str:
    """Return a template's text, with the strings that its tags hand on."""
    handed = re.findall(r'"([^"]* [^"]*)"', " ".join(re.findall(r"\{[%{].*?[%}]\}", template)))
    page = Shown()
    page.feed(re.sub(r"\{%\s*comment.*?endcomment\s*%\}|\{[#%{].*?[#%}]\}", " ", template, flags=re.S))
    return "\n".join([*page.texts, *handed])


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "templates").rglob("*.*")):
        yield path.relative_to(ROOT).as_posix(), shown(path.read_text())


def scripts() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "static/js").rglob("*.js")):
        code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
        found = re.findall(r'"([^"\n]* [^"\n]*)"|`([^`]* [^`]*)`', code)
        yield path.relative_to(ROOT).as_posix(), "\n".join("\n".join(pair) for pair in found)


def retired_in(path: str, text: str) -> list[str]:
    """Return each retired word of a text, with what stands around it."""
    found = []
    for word, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            around = " ".join(text[max(0, match.start() - 40) : match.end() + 40].split())
            if not any(kept in around for kept in ALLOWED.get(path, ())):
                found.append(f"{path}: “{word}” in “{around}”")
    return found


@pytest.mark.parametrize("texts", [docs, python, templates, scripts])
def test_no_retired_word_is_left(texts: "type[Iterator[tuple[str, str]]]") -> None:
    found = [line for path, text in texts() for line in retired_in(path, text)]
    assert not found, "\n".join(found)
