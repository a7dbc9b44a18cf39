"""Commands for a person's own shell; the key is theirs to fill in."""

import json
import shlex

from django.conf import settings

from dashboard.models import Version

KEY = "YOUR_TOKEN"
DESCRIPTOR = "/similarity/training/v2/descriptor"


def curl_descriptor(version: Version, url: str = "") -> str:
    """Return a command that asks for the descriptor of an address's picture, or of a file's."""
    record = {"_url": url} if url else {"_base64": "%s"}
    body = {"task_id": str(version.task_id), "version": version.number, "records": [record]}
    text = shlex.quote(json.dumps(body))
    call = (
        f"curl {shlex.quote(settings.LIKEWISE_URL + DESCRIPTOR)} \\\n"
        f'  -H "Authorization: Token {KEY}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
    )
    if url:
        return f"{call}  -d {text}"
    # Both kinds of base64, of Linux and of macOS; and no picture is too long for a command line.
    return f"printf {text} \"$(base64 < picture.jpg | tr -d '\\n')\" |\n{call}  -d @-"
