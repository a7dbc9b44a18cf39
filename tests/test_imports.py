"""Test that rooms import only lower rooms, and that the engine needs none of them."""

import subprocess
import sys

from django.conf import settings

ALONE = """
import sys
import dashboard.engine.encoder, dashboard.engine.training
loaded = {name.partition(".")[0] for name in sys.modules}
unwanted = loaded & {"django", "celery", "kombu", "rest_framework", "accounts"}
sys.exit(", ".join(sorted(unwanted)) or None)
"""
REMOTE_ALONE = """
import sys
from dashboard.remote import Server
loaded = {name.partition(".")[0] for name in sys.modules}
unwanted = loaded & {"django", "celery", "kombu", "rest_framework", "accounts", "numpy"}
sys.exit(", ".join(sorted(unwanted)) or None)
"""


def test_the_engine_loads_neither_django_nor_celery() -> None:
    """import-linter does not see what a package's `__init__` pulls in; this does."""
    done = run(sys.executable, "-c", ALONE)
    assert done.returncode == 0, done.stderr


def test_the_client_of_another_server_loads_neither() -> None:
    done = run(sys.executable, "-c", REMOTE_ALONE)
    assert done.returncode == 0, done.stderr


def test_the_package_of_the_platform_is_empty() -> None:
    assert (settings.BASE_DIR / "dashboard/__init__.py").read_text() == ""


def test_imports_between_rooms_go_down() -> None:
    done = run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()")
    assert done.returncode == 0, done.stdout + done.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
