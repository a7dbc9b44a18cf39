"""Prepare the installation, then run the web server and the worker."""

import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.module_loading import import_string

from accounts import setup_key
from accounts.queries import has_users
from dashboard.checks import TAG
from dashboard.files.errors import StorageAway
from dashboard.files.store import room, storage
from dashboard.models.name_search import create_indexes
from dashboard.process.supervisor import Program, supervise
from dashboard.services.errors import Refused
from dashboard.services.workspaces.workspaces import open_installation

# Parts of Swagger UI that no page requests; compressing them takes seconds.
UNUSED_STATIC = ["redoc", "*.js.map", "oauth2-redirect.*", "swagger-ui-standalone-preset.js"]
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"


class Command(BaseCommand):
    """Start everything (as `make run` does), or one part of it (as a container does)."""

    help = (
        "Without a part: prepare, then run the web server and the worker until a signal. prepare: "
        "migrate, collect static files, create the first owner. web, worker: only that part."
    )
    requires_system_checks = (TAG,)  # only settings; the rest is for developers

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the part and the option to end with make."""
        parser.add_argument("part", nargs="?", choices=["all", "prepare", "web", "worker"])
        parser.add_argument(
            "--end-with-parent",
            action="store_true",
            help="stop when the parent process ends or is interrupted; the Makefile passes it",
        )

    def handle(self, *, part: str | None, end_with_parent: bool, **_options: Any) -> None:
        """Run the part, or everything."""
        match part:
            case "prepare":
                self._prepare()
                self._say(self._where())
            case "web":
                # Replaces this process: a container's signals reach the server itself.
                os.execv(sys.executable, web_command())  # noqa: S606  the command is ours
            case "worker":
                os.execv(sys.executable, worker_command())  # noqa: S606
            case _:
                self._run_all(end_with_parent=end_with_parent)

    def _run_all(self, *, end_with_parent: bool) -> None:
        # Until there is something to stop, Ctrl-C just ends the process.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # The lock before the port: a second start reports that Likewise is running, not that a port
        # is taken.
        with _only_one(), _listener() as listener:
            self._prepare()
            where = self._where()
            # The supervisor's own socket: while the web server restarts, connections wait instead
            # of failing.
            bind = ["--bind", f"fd://{listener.fileno()}"]
            programs = [
                Program("web server", [*web_command(), *bind], inherited=[listener.fileno()]),
                Program("worker", worker_command()),
            ]
            supervise(programs, self._say, hello=where, end_with_parent=end_with_parent)
        self._say("Stopped.")

    def _use_backbone(self) -> None:
        """Make the encoder that the settings name the default."""
        if settings.LIKEWISE_BACKBONE == "builtin":
            return
        # It loads the engine, which a start with the built-in encoder need not wait for.
        use_backbone = import_string("dashboard.services.training.encoder_files.use_backbone")
        try:
            use_backbone(Path(settings.LIKEWISE_BACKBONE), self)
        except (Refused, OSError, ValueError) as error:
            raise CommandError(f"LIKEWISE_BACKBONE: {error}") from error

    def report(self, done: int, total: int, step: str = "") -> None:  # noqa: ARG002 (one step)
        """Print the progress of the preparation at intervals."""
        if done % 500 == 0:
            self._say(f"Preparing the encoder, once: {done} of {total} drawn images")

    def _prepare(self) -> None:
        # First: on a full disk the migration needs the space that the ballast frees.
        room.keep_ballast()
        try:
            storage.probe()
        except StorageAway as error:
            raise CommandError(f"LIKEWISE_STORAGE: {error}") from error
        call_command("migrate", interactive=False, verbosity=0)
        create_indexes(connection)  # the permission may have been granted since the migration
        _collect_static_files()
        self._use_backbone()
        email, password = settings.LIKEWISE_ADMIN_EMAIL, settings.LIKEWISE_ADMIN_PASSWORD
        if email and not has_users():
            try:
                open_installation(email=email, password=password, name="My workspace")
            except ValidationError as error:
                reasons = " ".join(error.messages)
                raise CommandError(f"The first owner could not be created. {reasons}") from error

    def _where(self) -> str:
        if has_users():
            return f"Likewise: {settings.LIKEWISE_URL}/"
        link = f"{settings.LIKEWISE_URL}/setup?key={setup_key.current()}"
        return f"Likewise: {link} (single use: it creates the first account)"

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def web_command() -> list[str]:
    """Return the command line of the web server."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        str(settings.BASE_DIR / "gunicorn.conf.py"),
    ]


def worker_command() -> list[str]:
    """Return the command line of a worker: Celery only receives messages, slots run jobs."""
    return [
        *(sys.executable, "-W", ROOT_WARNING, "-m", "celery", "--quiet"),
        *("--workdir", str(settings.BASE_DIR), "--app", "dashboard.celery", "worker"),
        # Celery's thread only receives; jobs run in the slots' own threads.
        *("--pool", "solo"),
        *("--queues", ",".join(settings.LIKEWISE_QUEUES)),
        *("--hostname", f"likewise-{os.getpid()}@%h"),
        *("--loglevel", settings.LOG_LEVEL),  # or it would suppress the jobs' log lines
        # Workers need not know each other: the job rows state who runs what.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Lock the data folder: two supervisors in one would end each other's processes."""
    with (settings.LIKEWISE_DATA / "start.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"Likewise is already running from {settings.LIKEWISE_DATA}. Stop it first, or "
                "set LIKEWISE_DATA to another folder."
            ) from error
        yield


@contextlib.contextmanager
def _listener() -> Iterator[socket.socket]:
    """Listen before anything starts, to detect a taken port at once.

    A restart of the web server then refuses no connection.
    """
    host, port = settings.LIKEWISE_HOST, settings.LIKEWISE_PORT
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = min(found)  # IPv4 if a name has both
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise CommandError(
            f"Cannot listen on {host}:{port} ({reason}). Stop the program that uses it, or set "
            "LIKEWISE_HOST and LIKEWISE_PORT."
        ) from error
    with listener:
        yield listener


def _collect_static_files() -> None:
    """Collect the static files if any was added, removed or changed since the last time.

    A read-only folder was filled when the container image was built, and is complete.
    """
    if settings.STATIC_ROOT.is_dir() and not os.access(settings.STATIC_ROOT, os.W_OK):
        return
    fingerprint = _fingerprint_of_sources()
    stamp = settings.STATIC_ROOT / ".fingerprint"
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return
    call_command(
        "collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED_STATIC
    )
    # Last: if collecting is interrupted, the next start repeats it.
    stamp.write_text(fingerprint)


def _fingerprint_of_sources() -> str:
    digest = hashlib.sha256(f"{django.VERSION} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for path, source in finder.list([]):
            facts = Path(source.path(path)).stat()
            digest.update(f"\n{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()
