"""Jobs: how soon one begins without Redis, and what it costs that many watch one."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.bench.figures import at_most
from tests.bench.quiet import wait_until_quiet
from tests.live import EMAIL, PASSWORD, ROOT, Server, running

STARTS = 60
IDLE = 20.0  # seconds
BROWSERS, POLLS = 200, 5
WATCHES = 15  # rounds: the medians of five scatter by a twentieth
AT_ONCE = 8
TICK = os.sysconf("SC_CLK_TCK")

ENQUEUE = f"""
import time
from accounts.models import User, Workspace
from dashboard.services.jobs.queueing import enqueue
workspace, user = Workspace.objects.get(), User.objects.get()
for number in range({STARTS}):
    # Not in step with the worker's looks.
    time.sleep(0.2 + 0.0137 * (number % 7))
    job = enqueue(
        workspace=workspace, kind="describe", title="-", subject_id=workspace.id, actor=user
    )
    while not job.is_finished:
        time.sleep(0.005)
        job.refresh_from_db()
    print((job.started - job.created).total_seconds() * 1000)
"""
RUNNING = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User, Workspace
from dashboard.models import Job
workspace = Workspace.objects.get()
print(Job.objects.create(
    workspace=workspace, kind="upload", queue="upload", title="Upload", subject_id=workspace.id,
    state="running", owner="-", lease_until=timezone.now() + timedelta(days=1), total=1000,
    done=400, fraction=0.4, started=timezone.now(), created_by=User.objects.get(),
).pk)
"""
SESSIONS = f"""
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
user = User.objects.get()
store = import_module(settings.SESSION_ENGINE).SessionStore
for _ in range({BROWSERS}):
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print(session.session_key)
"""


def main() -> None:
    """Print `bulk.start` (ms), `bulk.idle` (% of a core) and `bulk.watch`."""
    start, idle = _start()
    at_most("bulk.start", start, 60)
    at_most("bulk.idle", idle, 1.0)
    at_most("bulk.watch", _watch(), 1.1)


def _start() -> tuple[float, float]:
    """Milliseconds from enqueue to start, the median, and what an idle worker takes, in percent.

    In the default set-up, with an idle queue.
    """
    with _filled() as server:
        wait_until_quiet(server)
        time.sleep(3)
        worker = server.worker_pid()
        before = _cpu(worker)
        time.sleep(IDLE)
        idle = 100 * (_cpu(worker) - before) / IDLE
        took = sorted(float(line) for line in _shell(server, ENQUEUE))
    p99 = took[int(0.99 * (len(took) - 1))]
    print(f"  p99 {p99:.0f} ms")
    return statistics.median(took), idle


def _watch() -> float:
    """CPU of the web server under polls of a job over that under polls of an empty view."""
    with _filled(DJANGO_SETTINGS_MODULE="tests.bench.watched_settings") as server:
        (job,) = _shell(server, RUNNING)
        browsers = [_browser(key) for key in _shell(server, SESSIONS)]
        address, empty = f"{server.url}jobs/{job}/progress", f"{server.url}empty"
        for one in (address, empty):
            _poll(browsers, one)
        pairs = [
            (_polls_cpu(server, browsers, address), _polls_cpu(server, browsers, empty))
            for _ in range(WATCHES)
        ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    each = 1000 / (BROWSERS * POLLS)
    print(f"  {ours * each:.2f} ms a poll, {theirs * each:.2f} ms an empty view")
    return ours / theirs


@contextmanager
def _filled(**environment: str) -> Iterator[Server]:
    with running(DATABASE_URL="", REDIS_URL="", **environment) as server:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        yield server


def _shell(server: Server, code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", code],
        cwd=ROOT,
        env=server.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def _browser(key: str) -> requests.Session:
    session = requests.Session()
    session.cookies.set("sessionid", key)
    session.headers["HX-Request"] = "true"
    return session


def _poll(browsers: list[requests.Session], address: str) -> None:
    def ask(browser: requests.Session) -> None:
        browser.get(address, timeout=60).raise_for_status()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(ask, browsers))


def _polls_cpu(server: Server, browsers: list[requests.Session], address: str) -> float:
    before = sum(map(_cpu, _web_pids(server)))
    for _ in range(POLLS):
        _poll(browsers, address)
    return sum(map(_cpu, _web_pids(server))) - before


def _web_pids(server: Server) -> list[int]:
    """Return the web server's processes: all below the supervisor that run gunicorn."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            is_ours = f"LIKEWISE_DATA={server.folder}\0".encode() in path.read_bytes()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if is_ours and b"gunicorn" in command:
            found.append(int(path.parent.name))
    return found


def _cpu(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICK


if __name__ == "__main__":
    main()
