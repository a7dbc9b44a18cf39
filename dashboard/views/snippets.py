"""Commands for a person's own shell; the key is theirs to fill in."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from dashboard.models import Collection, Version

KEY = "YOUR_TOKEN"
DESCRIPTOR = "/similarity/training/v2/descriptor"
NEAREST = "/similarity/custom/v2/visualKNN"


@dataclass(frozen=True)
class Shown:
    """A picture as a command gets it: from its `url`, by a `link` of this server, or a `file`."""

    url: str = ""
    link: str = ""
    file: str = "picture.jpg"

    @property
    def record(self) -> dict[str, str]:
        """Return the record to send; `%s` stands for the picture's base64."""
        return {"_url": self.url} if self.url else {"_base64": "%s"}

    @property
    def read(self) -> str:
        """Return a command that prints the picture in base64."""
        if self.link:
            return f"curl -s {shlex.quote(settings.LIKEWISE_URL + self.link)} | base64"
        return f"base64 < {shlex.quote(self.file)}"


def curl_descriptor(version: Version, picture: Shown | None = None) -> str:
    """Return a command that asks for the descriptor of a picture."""
    picture = picture or Shown()
    body = {
        "task_id": str(version.task_id),
        "version": version.number,
        "records": [picture.record],
    }
    return _call(DESCRIPTOR, body, picture)


def curl_nearest(collection: Collection, picture: Shown, k: int) -> str:
    """Return a command that searches a collection with a picture."""
    return _nearest(collection, {"query_record": picture.record, "k": k}, picture)


def curl_nearest_to(collection: Collection, key: str, k: int) -> str:
    """Return a command that searches a collection with one of its records.

    The record itself comes first there and not on the page, so that one more is asked for.
    """
    return _nearest(collection, {"query_record": {"_id": key}, "k": k + 1}, Shown(url=key))


def _nearest(collection: Collection, body: dict[str, Any], picture: Shown) -> str:
    return _call(NEAREST, body, picture, f"collection-id: {collection.pk}")


def _call(path: str, body: dict[str, Any], picture: Shown, *headers: str) -> str:
    text = shlex.quote(json.dumps(body))
    sent = [f"Authorization: Token {KEY}", "Content-Type: application/json", *headers]
    call = f"curl {shlex.quote(settings.LIKEWISE_URL + path)} \\\n"
    call += "".join(f'  -H "{header}" \\\n' for header in sent)
    if picture.url:
        return f"{call}  -d {text}"
    # Both kinds of base64, of Linux and of macOS; and no picture is too long for a command line.
    return f"printf {text} \"$({picture.read} | tr -d '\\n')\" |\n{call}  -d @-"
