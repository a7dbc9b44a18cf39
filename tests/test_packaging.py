"""Test that installed packages are pinned, built files exist, and no machine is named."""

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT: Path = settings.BASE_DIR
LOCKS = ("requirements.lock", "requirements-dev.lock")
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
PINNED = re.compile(r"^([\w.-]+)==([\w.!+-]+)(?: ; .+?)?(?: \\)?$")


def pins(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package; one may have two, for different Pythons."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if match := PINNED.match(line):
            found.setdefault(match[1], set()).add(match[2])
    return found


def wanted(entries: list[object]) -> set[str]:
    names = [re.match(r"[\w.-]+", entry) for entry in entries if isinstance(entry, str)]
    return {name[0].lower() for name in names if name}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_pins_and_hashes_and_nothing_else(lock: str) -> None:
    for line in (ROOT / lock).read_text().splitlines():
        bare = line.strip().removesuffix("\\").strip()
        assert (
            not bare
            or bare.startswith("#")
            or re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", bare)
            or PINNED.match(line)
        ), line
        assert "://" not in line


def test_the_locks_are_those_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    run_time = wanted(project["project"]["dependencies"])
    assert run_time <= set(pins(LOCKS[0]))
    assert run_time | wanted(groups["dev"] + groups["test"]) <= set(pins(LOCKS[1]))
    reasons = (ROOT / LOCKS[0]).read_text()
    direct = re.findall(r"^([\w.-]+)==(?:(?!^[\w.-]+==).)*?likewise \(", reasons, re.M | re.S)
    assert set(direct) == run_time, "run make lock"


def test_the_lock_of_the_scripts_is_that_of_its_tools_and_names_no_registry() -> None:
    tools = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert packages.pop("")["devDependencies"] == tools
    assert all(re.fullmatch(r"[\d.]+", version) for version in tools.values())
    for name, version in tools.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package


def test_both_locks_pin_the_same_versions() -> None:
    tools = pins(LOCKS[1])
    for name, versions in pins(LOCKS[0]).items():
        assert tools[name] == versions


def sources() -> list[Path]:
    """Return the project's files: those of git, or without it all but what is built."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        found = [path for path in ROOT.rglob("*") if not is_made(path.relative_to(ROOT))]
    return [path for path in found if path.is_file()]


def is_made(path: Path) -> bool:
    """Say whether a file was made here: caches, environments and data are no sources."""
    first = path.parts[0]
    hidden = first.startswith(".") and first not in (".ci", ".dockerignore", ".gitignore")
    made = ("var", "staticfiles", "screenshots", "node_modules")
    return hidden or first in made or "__pycache__" in path.parts


def indexes_of_this_machine() -> set[str]:
    """Return the hosts that packages come from here, as far as they are configured."""
    said = [value for name, value in os.environ.items() if "INDEX" in name or "REGISTRY" in name]
    for command in ("pip config list", "npm config get registry"):
        try:
            said.append(subprocess.run(command.split(), capture_output=True, text=True).stdout)
        except FileNotFoundError:
            continue
    urls = re.findall(r"https?://[^\s'\"]+", " ".join(said))
    return {urlsplit(url).hostname or "" for url in urls} - {"", "localhost", "127.0.0.1"}


def test_no_file_names_a_package_index_or_a_path_of_a_machine() -> None:
    known = ["pypi" + ".org", "files.python" + "hosted.org", "registry." + "npmjs.org"]
    options = ["--index" + "-url", "--extra-index" + "-url", "--find" + "-links"]
    places = [f"{Path.home()}/.", f"{ROOT}/"]
    banned = [*known, *options, *places, *sorted(indexes_of_this_machine())]
    pattern = re.compile("|".join(map(re.escape, banned)).encode())
    named = {
        str(path.relative_to(ROOT)): match[0].decode()
        for path in sources()
        if (match := pattern.search(path.read_bytes()))
    }
    assert named == {}


def test_nothing_strays_into_the_root() -> None:
    usual = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "manage.py"}
    usual |= {"pyproject.toml", "gunicorn.conf.py", "Dockerfile", "compose.yaml", ".dockerignore"}
    usual |= {"requirements.lock", "requirements-dev.lock", ".gitignore", ".ci"}
    usual |= {"package.json", "package-lock.json", "biome.json", "jsconfig.json"}
    usual |= {"accounts", "dashboard", "docs", "static", "templates", "tests"}
    assert {path.relative_to(ROOT).parts[0] for path in sources()} <= usual


def test_everything_that_the_image_copies_exists() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    assert copied
    for line in copied:
        for name in shlex.split(line)[:-1]:
            assert (ROOT / name).exists()
            assert f"!{name}" in allowed


def test_everything_that_the_program_needs_is_copied() -> None:
    copied = set(shlex.split(" ".join(re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M))))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert rooms | {"static", "templates", "manage.py", "requirements.lock"} <= copied


def test_the_image_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001"]


def test_every_command_of_the_containers_runs() -> None:
    """Each is a command of manage.py, and takes the arguments that it is given."""
    default = json.loads(re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[-1])
    composed = re.findall(r"^    command: (.+)$", (ROOT / "compose.yaml").read_text(), re.MULTILINE)
    commands = [default, *map(shlex.split, composed)]
    assert [command[3:] for command in commands] == [[], ["prepare"], ["web"], ["worker"]]
    for command in commands:
        assert command[:2] == ["python", "manage.py"]
        assert command[2] in get_commands()


def test_the_full_run_is_a_script_that_can_run() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    subprocess.run(["bash", "-n", script], check=True)
