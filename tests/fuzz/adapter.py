"""Calls of the program in this process, by requests: what is sent is what a client sends."""

import io
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

BASE = "http://testserver"


class InProcess(HTTPAdapter):
    """Give a prepared request to the program, and its answer back."""

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        begun: list[Any] = []
        # As Django's own test client does: the connection holds the story's transaction.
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        answer = _handler()(
            _environ(request), lambda status, headers: begun.extend((status, headers))
        )
        try:
            content = b"".join(answer)
        finally:
            answer.close()
            request_started.connect(close_old_connections)
            request_finished.connect(close_old_connections)
        status, headers = begun
        raw = HTTPResponse(
            body=io.BytesIO(content),
            headers=HTTPHeaderDict(headers),
            status=int(status.split()[0]),
            reason=status.partition(" ")[2],
            preload_content=False,
        )
        return self.build_response(request, raw)


def adapter_of(session: requests.Session, url: str | bytes) -> HTTPAdapter:
    """Stand in for `Session.get_adapter`: the schema's host is this process, others are as ever."""
    if str(url).startswith(f"{BASE}/"):
        return InProcess()
    return _usual(session, url)


_usual: Any = requests.Session.get_adapter


@cache
def _handler() -> WSGIHandler:
    """Make the handler with the first request: before that, the settings are not the test's."""
    return WSGIHandler()


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url or "")
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    named = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        if isinstance(value, str)
        else value.decode("latin-1")
        for name, value in request.headers.items()
    }
    return named | {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "QUERY_STRING": url.query,
        "CONTENT_TYPE": named.get("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(content)),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": io.StringIO(),
    }
