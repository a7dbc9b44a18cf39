"""Build commands for a person's own shell; they insert their API token."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.models import Workspace
from dashboard.models import Collection, Version

KEY = "YOUR_TOKEN"
DESCRIPTOR = "/similarity/training/v2/descriptor"
SEARCH = "/similarity/training/v2/search"
NEAREST = "/similarity/custom/v2/visualKNN"


@dataclass(frozen=True)
class Shown:
    """An image as a command sends it: by its `url`, by its `key`, or as a `file`."""

    url: str = ""
    key: str = ""
    file: str = "image.jpg"

    @property
    def record(self) -> dict[str, str]:
        """Return the record to send; `%s` stands for the base64 of the file."""
        if self.key:
            return {"_id": self.key}
        return {"_url": self.url} if self.url else {"_base64": "%s"}


def curl_descriptor(version: Version, picture: Shown | None = None) -> str:
    """Return a command that requests the descriptor of an image."""
    picture = picture or Shown()
    body = {
        "task_id": str(version.task_id),
        "version": version.number,
        "records": [picture.record],
    }
    return _call(DESCRIPTOR, body, picture)


def curl_search(workspace: Workspace, version: Version | None, picture: Shown, k: int) -> str:
    """Return a command that searches a workspace as its page does."""
    sense: dict[str, Any] = {}
    if version is not None:
        sense = {"task_id": str(version.task_id), "version": version.number}
    body = {"workspace": str(workspace.pk), "query_record": picture.record, "k": k} | sense
    return _call(SEARCH, body, picture)


def curl_nearest(collection: Collection, picture: Shown, k: int) -> str:
    """Return a command that searches a collection as its page does.

    The query record is the first result of the API but not of the page: one more is requested.
    """
    body = {"query_record": picture.record, "k": k + 1 if picture.key else k}
    return _call(NEAREST, body, picture, f"collection-id: {collection.pk}")


def _call(path: str, body: dict[str, Any], picture: Shown, *headers: str) -> str:
    text = shlex.quote(json.dumps(body))
    sent = [f"Authorization: Token {KEY}", "Content-Type: application/json", *headers]
    call = f"curl {shlex.quote(settings.LIKEWISE_URL + path)} \\\n"
    call += "".join(f'  -H "{header}" \\\n' for header in sent)
    if picture.url or picture.key:
        return f"{call}  -d {text}"
    # The base64 of both Linux and macOS works, and no image is too long for a command line.
    return (
        f"printf {text} \"$(base64 < {shlex.quote(picture.file)} | tr -d '\\n')\" |\n{call}  -d @-"
    )
