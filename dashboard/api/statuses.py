"""Define responses with a `status` block, which is all that the client checks."""

from typing import Any

from rest_framework.response import Response

from dashboard.api.base import ApiView

Json = dict[str, Any]


class StatusView(ApiView):
    """A call whose every response has a `status`, including refusals."""

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal with `status` beside `detail`."""
        response = super().handle_exception(exc)
        data = response.data if isinstance(response.data, dict) else {}
        text = str(data.get("detail") or _sentences(data))
        outcome = status(response.status_code, text, self.request_id())
        # The client of the hosted service raises by `status`, others by HTTP: both are set.
        response.data = {"detail": text} | data | {"status": outcome}
        return response

    def request_id(self) -> str:
        """Return the id of the request in the log."""
        return str(getattr(self.request, "request_id", ""))


def status(code: int, text: str, request_id: str) -> Json:
    """Return the status block."""
    return {"code": code, "text": text, "request_id": request_id}


def _sentences(errors: Json) -> str:
    return " ".join(f"{name}: {' '.join(map(str, errors[name]))}" for name in errors)
