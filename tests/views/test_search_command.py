"""The command that repeats a search as a call of the API: safe in a shell, whatever is in it."""

import subprocess
from pathlib import Path

from dashboard.views.snippets import curl_descriptor
from tests.factories import (
    Cast,
    drawn_jpeg,
    make_task,
    make_version,
)


def test_the_command_sends_a_file(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(drawn_jpeg(1))
    version = make_version(make_task(cast.workspace))
    body = sent(curl_descriptor(version), tmp_path)
    assert f'"task_id": "{version.task_id}", "version": 1' in body
    assert '"_base64": "/9j/' in body


def test_the_command_sends_an_address_whatever_is_in_it(cast: Cast, tmp_path: Path) -> None:
    version = make_version(make_task(cast.workspace))
    body = sent(curl_descriptor(version, "https://x/'; touch ruin; $(touch ruin) '"), tmp_path)
    assert "touch ruin" in body
    assert not (tmp_path / "ruin").exists()


def sent(command: str, folder: Path) -> str:
    """Run the command with a curl that prints its last argument, or what is piped into it."""
    fake = 'curl() { case "${!#}" in @-) cat;; *) printf "%s" "${!#}";; esac; }\n'
    done = subprocess.run(
        ["bash", "-c", fake + command], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout
