"""Answers with a `status` beside everything else: the client looks at `status` alone."""

from typing import Any

from rest_framework.response import Response

from dashboard.api.base import ApiView

Json = dict[str, Any]


class StatusView(ApiView):
    """A call whose every answer has a `status`, refusals too."""

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal with `status` beside `detail`."""
        response = super().handle_exception(exc)
        data = response.data if isinstance(response.data, dict) else {}
        text = str(data.get("detail") or _sentences(data))
        outcome = status(response.status_code, text, self.request_id())
        # The client of the hosted service raises by `status`, others by HTTP: both are told.
        response.data = {"detail": text} | data | {"status": outcome}
        return response

    def request_id(self) -> str:
        """Return the id by which the log knows the request."""
        return str(getattr(self.request, "request_id", ""))


def status(code: int, text: str, request_id: str) -> Json:
    """Write the status block."""
    return {"code": code, "text": text, "request_id": request_id}


def _sentences(errors: Json) -> str:
    return " ".join(f"{name}: {' '.join(map(str, errors[name]))}" for name in errors)
