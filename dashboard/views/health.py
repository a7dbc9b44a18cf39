"""Check whether all necessary parts work."""

from datetime import timedelta

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard.files.store import room
from dashboard.queries.jobs.jobs import a_worker_is_alive
from dashboard.queries.jobs.waiting import SILENT_SWEEPS


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Answer 200 if web, database and worker work, 503 with the reason otherwise."""
    state = {"web": "ok"} | _database_and_worker()
    healthy = all(value == "ok" for value in state.values())
    # A nearly full disk does not justify taking the server out of service: it still answers.
    if room.is_low():
        state["disk"] = "low: uploads are rejected"
    return JsonResponse(state, status=200 if healthy else 503)


def _database_and_worker() -> dict[str, str]:
    within = timedelta(seconds=settings.LIKEWISE_SWEEP * SILENT_SWEEPS)
    try:
        alive = a_worker_is_alive(within)
    except Error as error:
        return {"database": f"no answer: {type(error).__name__}", "worker": "unknown"}
    return {
        "database": "ok",
        "worker": "ok" if alive else f"no heartbeat from a worker for {within.seconds} s",
    }
