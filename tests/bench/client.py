"""A script that uses the API, as the figures need one."""

import base64
import time
from typing import Any

import requests

from tests.live import EMAIL, PASSWORD, Server


class Api:
    """A script with an account and a key of its own."""

    def __init__(self, server: Server) -> None:
        server.manage("user", "create", "--email", EMAIL, "--password", PASSWORD)
        self.key = server.manage("token", "create", "--email", EMAIL, "--name", "bench")
        self.server = server
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {self.key}"
        self.address = server.url + "account/v2/upload/"

    def call(self, method: str, address: str, body: dict[str, Any] | None = None) -> Any:
        """Make a call that must succeed and return its answer."""
        answer = self.session.request(method, self.server.url + address, json=body)
        answer.raise_for_status()
        return answer.json()

    def send(self, name: str, archive: bytes, **fields: object) -> str:
        """Send one archive and have it imported; returns the upload's address."""
        begun = self.session.post(self.address, json={"name": name, "auto_commit": True} | fields)
        begun.raise_for_status()
        upload = f"{self.address}{begun.json()['id']}"
        told = base64.b64encode(name.encode()).decode()
        sent = self.session.post(
            f"{upload}/part",
            data=archive,
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Length": str(len(archive)),
                "Upload-Metadata": f"filename {told}",
                "Content-Type": "application/offset+octet-stream",
            },
        )
        sent.raise_for_status()
        if sent.headers.get("Upload-Offset") != str(len(archive)):
            raise RuntimeError("the archive did not arrive")
        self.session.post(f"{upload}/finish").raise_for_status()
        return upload

    def wait(self, upload: str, count: int) -> None:
        """Wait until so many pictures are in."""
        while (files := self._files(upload))["added"] < count:
            if files["failed"]:
                raise RuntimeError(f"the upload failed: {files}")
            time.sleep(0.2)

    def _files(self, upload: str) -> dict[str, int]:
        found: dict[str, int] = self.session.get(upload).json()["files"]
        return found

    def wait_for_version(self, version: str) -> None:
        """Wait until a training is over."""
        address, status = f"recognition/v2/model/{version}/", ""
        while status not in ("TRAINED", "ERROR"):
            time.sleep(0.5)
            status = self.call("GET", address)["train_status"]
        if status != "TRAINED":
            raise RuntimeError("the training failed")
