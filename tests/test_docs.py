"""Test that README, docs/ and CONTRIBUTING describe all that exists, and nothing else."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from dashboard.checks import KNOWN_QUEUES, known_settings

ROOT: Path = settings.BASE_DIR
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
DOCS = "\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
USERS = README + DOCS
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(text: str) -> list[list[str]]:
    """Return the cells of a section's first table, without its head."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_setting_is_in_the_table_and_only_those() -> None:
    documented = [row[0].strip("`") for row in table(section(SETTINGS, "Settings"))]
    assert len(documented) == len(set(documented))
    assert set(documented) == known_settings()


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"\bLIKEWISE_[A-Z_]+\b", USERS + CONTRIBUTING))
    compose_only = {"LIKEWISE_DB_PASSWORD"}
    for_tests = {name for name in named if name.startswith("LIKEWISE_TEST_")}
    assert named - compose_only - for_tests <= known_settings()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("LIKEWISE_PORT", "8000"),
        ("LIKEWISE_THROTTLE", "300/s"),
        ("LIKEWISE_MAX_BODY", "128M"),
        ("LIKEWISE_MAX_IMAGE", "32M"),
        ("LIKEWISE_MAX_PIXELS", "100000000"),
        ("LIKEWISE_QUEUES", ",".join(KNOWN_QUEUES)),
        ("LIKEWISE_MAX_COLLECTION", "1000000"),
        ("LIKEWISE_LEASE", "30"),
        ("LIKEWISE_SWEEP", "5"),
    ],
)
def test_the_defaults_are_those_of_the_program(setting: str, value: str) -> None:
    documented = {
        row[0].strip("`"): row[1].strip("`") for row in table(section(SETTINGS, "Settings"))
    }
    assert documented[setting] == value
    found = re.search(rf'"{setting}"[^\n]*', (ROOT / "dashboard/settings.py").read_text())
    assert found is not None
    assert set(re.findall(r"[\w/]+", value)) <= set(
        re.findall(r"[\w/]+", found[0].replace(".0", ""))
    )


def test_every_target_of_make_is_explained() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    explained = set(re.findall(r"(?:^|`)make ([a-z]+)", USERS + CONTRIBUTING, re.MULTILINE))
    assert explained == set(targets)


def test_every_command_of_ours_is_explained_and_exists() -> None:
    ours = {name for name, app in get_commands().items() if app == "dashboard"}
    named = re.findall(r"manage\.py (\w+)", USERS + CONTRIBUTING)
    assert ours <= set(named)
    assert set(named) <= set(get_commands())
    for name in ours:
        load_command_class("dashboard", name)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = project["project"]["dependencies"] + groups["dev"] + groups["test"]
    found = [re.match(r"[\w-]+", entry) for entry in wanted if isinstance(entry, str)]
    scripts = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    names = {name[0].lower() for name in found if name} | set(scripts)
    rows = table(section(CONTRIBUTING, "Dependencies, each with its reason"))
    assert {name.strip().lower() for row in rows for name in row[0].split(",")} == names
    assert all(row[1] for row in rows)


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`([\w./-]+\.(?:py|md|yaml|toml|lock))`", USERS + CONTRIBUTING)
    of_a_noun = {"groups.py"}
    missing = [
        name
        for name in named
        if Path(name).name not in of_a_noun
        and not any((ROOT / folder / name).exists() for folder in (".", "dashboard"))
    ]
    assert missing in ([], ["manage.py"])


def test_the_client_is_never_shown_without_its_guard() -> None:
    """Without `resource_name=None` the client sends the token to the hosted service."""
    shown = len(re.findall(r"\w*Similarity\w*Client\(", USERS))
    assert shown == len(re.findall(r"resource_name=None,(?:  #|\n)", USERS))
    assert shown > 0
