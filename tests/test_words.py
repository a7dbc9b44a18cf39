"""Test that texts for people, docstrings and comments use none of the retired words."""

import ast
import io
import re
import tokenize
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
    "address": r"(?<!email )(?<!IP )(?<!IPv4 )(?<!IPv6 )address(es)?\b",
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
    *(
        f"dashboard/{room}"
        for room in ("api", "engine", "files", "forms", "jobs", "management", "models")
    ),
    *(f"dashboard/{room}" for room in ("process", "queries", "remote", "services", "views")),
    *("dashboard/checks.py", "dashboard/settings.py", "dashboard/tus.py", "accounts"),
)
# Where docstrings and comments are read: all modules of the program, and what the tests share.
PROSE = (
    *("accounts/**/*.py", "dashboard/**/*.py"),
    *("tests/*.py", "tests/browser/*.py", "tests/faults/*.py"),
)
# Texts that keep a word, and why.
ALLOWED = {
    # Verbs of rows of the activity log, as they are stored; help that only a migration changes.
    "accounts/models.py": {"e-mail changed", "An account with another address"},
    "accounts/verbs.py": {"took back a verification of"},
    # The pictures of this repository are called so.
    "tests/screenshots.py": {"Take a picture of", "Write the pictures into"},
}


def without_code(markdown: str) -> str:
    """Return the prose: names of fields, files and commands may be spelled as they are."""
    prose = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`|\]\([^)\s]*\)", "", prose)


def docs() -> Iterator[tuple[str, str]]:
    for path in (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"):
        yield path.relative_to(ROOT).as_posix(), without_code(path.read_text())
    before, words = (ROOT / "CONTRIBUTING.md").read_text().split("\n## Words\n")
    yield "CONTRIBUTING.md", without_code(before + words.split("\n## ", 1)[1])


def docstrings(tree: ast.AST) -> set[ast.AST]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners)]
    return {body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)}


def messages(path: Path) -> Iterator[str]:
    """Give the strings of a module that read like prose: they have a space."""
    tree = ast.parse(path.read_text())
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    passed_over = docstrings(tree)
    for node in strings:
        text = node.value if isinstance(node.value, str) and node not in passed_over else ""
        if " " in text.strip():
            yield shown(text) if "<" in text else text


def remarks(source: str) -> Iterator[str]:
    """Yield the docstrings and comments of a module, each on one line, without code.

    The lines of a comment are one text, so that a phrase is found across a line break.
    """
    found = [node.value for node in docstrings(ast.parse(source)) if isinstance(node, ast.Constant)]
    lines: list[str] = []
    previous = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row = token.start[0]
            if row == previous + 1:
                lines[-1] += f" {token.string}"
            else:
                lines.append(token.string)
            previous = row
    for text in (*map(str, found), *lines):
        yield " ".join(without_code(text).replace("#", " ").split())


def prose() -> Iterator[tuple[str, str]]:
    for path in (path for room in PROSE for path in sorted(ROOT.glob(room))):
        if "migrations" not in path.parts and not path.name.startswith("test_"):
            yield path.relative_to(ROOT).as_posix(), "\n".join(remarks(path.read_text()))


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
    tags = re.findall(r"\{[%{].*?[%}]\}", template, re.DOTALL)
    handed = (text for tag in tags for text in re.findall(r'"([^"]*)"', tag))
    page = Shown()
    page.feed(re.sub(r"\{#.*?#\}|\{[%{].*?[%}]\}", " ", template, flags=re.DOTALL))
    return "\n".join([*page.texts, *(text for text in handed if " " in text)])


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "templates").rglob("*.*")):
        yield path.relative_to(ROOT).as_posix(), shown(path.read_text())


TOKENS = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|`(?:\\.|[^`\\])*`", re.DOTALL)


def scripts() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "static/js").rglob("*.js")):
        tokens = TOKENS.findall(path.read_text())
        texts = (re.sub(r"\$\{[^}]*\}", " ", token) for token in tokens if token[0] in '"`')
        yield path.relative_to(ROOT).as_posix(), "\n".join(text for text in texts if " " in text)


def retired_in(path: str, text: str) -> list[str]:
    """Return each retired word of a text, with what stands around it."""
    found = []
    for word, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            around = " ".join(text[max(0, match.start() - 30) : match.end() + 30].split())
            if not any(kept in around for kept in ALLOWED.get(path, ())):
                found.append(f"{path}: “{word}” in “{around}”")
    return found


@pytest.mark.parametrize("texts", [docs, prose, python, templates, scripts])
def test_no_retired_word_is_left(texts: "type[Iterator[tuple[str, str]]]") -> None:
    read = list(texts())
    assert sum(len(text) for _, text in read) > 1000
    found = [line for path, text in read for line in retired_in(path, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("word", RETIRED)
def test_contributing_says_what_to_write_instead(word: str) -> None:
    words = (ROOT / "CONTRIBUTING.md").read_text().split("\n## Words\n")[1].split("\n## ")[0]
    rows = words.split("| not | but |")[1].splitlines()
    assert [row for row in rows if PATTERNS[word].search(row.split("|")[1] if "|" in row else "")]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Choose a picture.", "picture"),
        ("Its address holds a null character.", "address"),
        ("Nothing was brought in.", "bring in"),
        ("This is no image.", "is no"),
        ("It goes on by itself.", "go on"),
    ],
)
def test_a_retired_word_is_found(text: str, word: str) -> None:
    assert f"“{word}”" in "".join(retired_in("a.py", text))


@pytest.mark.parametrize(
    "text",
    ["Your email address and your IP address.", "There are no groups.", "This is no longer kept."],
)
def test_the_fields_terms_are_not_retired(text: str) -> None:
    assert retired_in("a.py", text) == []


def test_docstrings_and_comments_are_read_without_code() -> None:
    source = (
        '"""One.\n\n    `two`, three."""\n'
        "def f():\n"
        '    """Four."""\n'
        "    g('five')  # six\n"
        "    # taken\n"
        "    # back\n"
    )
    assert sorted(remarks(source)) == ["Four.", "One. , three.", "six taken back"]
    assert "“take back”" in "".join(retired_in("a.py", "\n".join(remarks(source))))


def test_all_that_a_template_shows_is_read() -> None:
    template = '<p title="one">two {{ three|default:"four words" }}</p>{# five #}'
    assert shown(template).split() == ["one", "two", "four", "words"]
