"""What a browser sends to a running installation, sent by requests."""

from typing import Any
from urllib.parse import urljoin

import requests

from tests.live import Server, csrf_of


def post_form(
    server: Server, session: requests.Session, page: str, data: dict[str, Any], **options: Any
) -> requests.Response:
    """Fill in the form of a page and send it."""
    address = urljoin(server.url, page)
    token = csrf_of(session.get(address, timeout=60).text)
    answer = session.post(
        address, data=data | {"csrfmiddlewaretoken": token}, timeout=60, **options
    )
    answer.raise_for_status()
    return answer


def send_zip(
    server: Server, session: requests.Session, archive: bytes, new_type: str = "Same photo"
) -> str:
    """Send an archive whose folders become groups; return the address of the upload's page."""
    return post_form(
        server,
        session,
        "uploads/new",
        {"new_type": new_type, "auto_commit": "on"},
        files={"file": ("photos.zip", archive, "application/zip")},
    ).url
