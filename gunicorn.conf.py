"""How the web server runs, under `make run` and in a container alike."""

import os

from celery.platforms import set_pdeathsig
from gunicorn.http import wsgi

from dashboard import settings

# A request has one thread for its sums. OpenBLAS would wait for more work by spinning on every
# core, which costs the threads that encode pictures a fifth of their time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

wsgi.SERVER = "likewise"  # what the Server header says: no product to look up weaknesses of

wsgi_app = "dashboard.wsgi"
chdir = str(settings.BASE_DIR)
_host = f"[{settings.LIKEWISE_HOST}]" if ":" in settings.LIKEWISE_HOST else settings.LIKEWISE_HOST
bind = [f"{_host}:{settings.LIKEWISE_PORT}"]

# Without Redis, rate limits and progress snapshots live in the memory of one process.
workers = (os.cpu_count() or 1) if settings.REDIS_URL else 1
worker_class = "gthread"
threads = 16
preload_app = False
timeout = 120  # of the process, not of a request: a long upload is no reason to end it
graceful_timeout = 10
keepalive = 15
limit_request_line = 8190
control_socket_disable = True
# The heartbeat file belongs in memory: on a slow disk it can stall a worker.
worker_tmp_dir = next((path for path in ("/dev/shm",) if os.access(path, os.W_OK)), None)  # noqa: S108

accesslog = None  # the request-id middleware logs each request
loglevel = "warning"
forwarded_allow_ips = ""  # LIKEWISE_TRUSTED_PROXIES decides, inside the application


def post_fork(server: object, worker: object) -> None:  # noqa: ARG001
    """End with the arbiter, even when that was killed."""
    set_pdeathsig("SIGKILL")
