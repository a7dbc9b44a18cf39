"""Send files to a running installation as a browser does, and retry whatever happens."""

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests

from tests.live import Server, csrf_of

PIECE = 256 * 1024
TUS = {"Tus-Resumable": "1.0.0"}


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
    """Send an archive whose folders become groups; return the URL of the upload's page."""
    return post_form(
        server,
        session,
        "uploads/new",
        {"new_type": new_type, "auto_commit": "on"},
        files={"file": ("photos.zip", archive, "application/zip")},
    ).url


class NotThisTime(Exception):
    """Raised when the server was unreachable or had an error; the request may be retried."""


@dataclass
class Sender:
    """A client of the API and of tus that retries until `patience` is over.

    `troubles` are the temporary errors that the server answered, each with its sentence.
    """

    server: Server
    key: str
    patience: float = 90
    sent: int = 0
    troubles: list[tuple[int, str]] = field(default_factory=list)
    _session: requests.Session = field(default_factory=requests.Session)

    def send(self, name: str, data: bytes, **fields: Any) -> str:
        """Send one file as an upload that is imported at once; return the upload's id.

        When this returns, the upload was accepted.
        """
        upload = self._until_it_works(lambda: self._open(name, len(data), fields))
        self._send(upload, data)
        return upload["id"]

    def send_into(self, upload_id: str, name: str, data: bytes) -> None:
        """Send the only file of an upload that already exists."""
        part = self._until_it_works(lambda: self._part(upload_id, name, len(data)))
        self._send({"id": upload_id, "part": part}, data)

    def _send(self, upload: dict[str, str], data: bytes) -> None:
        self._until_it_works(lambda: self._go_on(upload["part"], data))
        self._until_it_works(lambda: self._finish(upload["id"]))

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Make a call once. Raises `NotThisTime` for an answer of 5xx, or none."""
        headers = {"Authorization": f"Token {self.key}"} | options.pop("headers", {})
        address = urljoin(self.server.url, path)
        try:
            answer = self._session.request(method, address, headers=headers, timeout=30, **options)
        except requests.RequestException as error:
            self._session.close()
            raise NotThisTime(str(error)) from error
        if answer.status_code >= 500:
            self.troubles.append((answer.status_code, answer.text))
            raise NotThisTime(answer.text[:500])
        answer.raise_for_status()
        return answer

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call until it works and return its answer."""
        return self._until_it_works(lambda: self.call(method, path, json=body).json())

    def _open(self, name: str, size: int, fields: dict[str, Any]) -> dict[str, str]:
        """Create an upload of one file; after an error in between, create another one."""
        body = {"name": name, "auto_commit": True} | fields
        upload_id = str(self.call("POST", "account/v2/upload", json=body).json()["id"])
        return {"id": upload_id, "part": self._part(upload_id, name, size)}

    def _part(self, upload_id: str, name: str, size: int) -> str:
        metadata = f"filename {base64.b64encode(name.encode()).decode()}"
        headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata}
        made = self.call("POST", f"account/v2/upload/{upload_id}/part", headers=headers)
        return made.headers["Location"]

    def _go_on(self, part: str, data: bytes) -> None:
        """Send the bytes that the server lacks, chunk by chunk."""
        at = int(self.call("HEAD", part, headers=TUS).headers["Upload-Offset"])
        while at < len(data):
            headers = TUS | {
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(at),
            }
            answer = self.call("PATCH", part, headers=headers, data=data[at : at + PIECE])
            at = self.sent = int(answer.headers["Upload-Offset"])

    def _finish(self, upload_id: str) -> None:
        """Complete the upload; if it already is, because the answer was lost, do nothing."""
        address = f"account/v2/upload/{upload_id}"
        if self.call("GET", address).json()["stage"] == "receiving":
            self.call("POST", f"{address}/finish")

    def _until_it_works(self, work: Callable[[], Any]) -> Any:
        end = time.monotonic() + self.patience
        while True:
            try:
                return work()
            except NotThisTime:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
