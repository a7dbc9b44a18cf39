"""Hold an answer and turn its status into an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from dashboard.remote import errors
from dashboard.remote.fields import Fields
from dashboard.remote.limits import PASSING

_LONGEST: Final = 500  # characters of a server's sentence
_OWN: Final[dict[int, tuple[type[errors.RemoteError], str]]] = {
    401: (errors.Unauthorized, "The server does not accept the API token. Create a new one there."),
    403: (errors.Forbidden, "The API token does not allow this."),
    404: (errors.NotFound, "It does not exist on the server."),
    410: (errors.NotFound, "It does not exist on the server any more."),
}


@dataclass(frozen=True)
class Answer:
    """An answer with its complete body.

    `repeated` is set if an earlier attempt of the call may have reached the server without its
    outcome being known.
    """

    call: str
    status: int
    # Not shown in `repr`, as they may contain secrets.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    repeated: bool = False

    def fields(self) -> Fields:
        """Return the body's fields. Raises `BadAnswer`."""
        return Fields(self._json(), self.call)

    def fields_or_none(self) -> Fields | None:
        """Return the body's fields; None if the body is empty or not an object."""
        value = self._json_or_none()
        return Fields(value, self.call) if isinstance(value, dict) else None

    def error(self) -> errors.RemoteError:
        """Return the error for a status other than 2xx."""
        about: dict[str, Any] = {"call": self.call, "status": self.status}
        if 300 <= self.status < 400:
            return errors.BadAnswer(
                "The server redirects to another URL. Enter the final URL instead.", **about
            )
        if self.status == 429:
            return errors.RateLimited("The server's rate limit is reached. Try later.", **about)
        if self.status >= 500 or self.status < 200:
            return errors.Unavailable(
                f"The server could not answer (status {self.status}). Try again later.", **about
            )
        value = self._json_or_none()
        about["details"] = value if isinstance(value, dict) else None
        kind, sentence = _OWN.get(
            self.status, (errors.Refused, f"The server refused this (status {self.status}).")
        )
        return kind(_sentence(value) or sentence, **about)

    def is_success(self) -> bool:
        """Return whether the call succeeded."""
        return 200 <= self.status < 300

    def is_passing(self) -> bool:
        """Return whether the same call may succeed in a moment."""
        return self.status in PASSING

    def _json(self) -> Any:
        try:
            return orjson.loads(self.body)
        except ValueError:
            raise errors.BadAnswer(
                f"The server's answer to “{self.call}” is not JSON. Check the URL of the server.",
                call=self.call,
                status=self.status,
            ) from None

    def _json_or_none(self) -> Any:
        try:
            return self._json()
        except errors.BadAnswer:
            return None


def _sentence(value: Any) -> str:
    """Return the server's own words: `detail`, or a sentence for each field."""
    if isinstance(value, list):
        value = {"": value}
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("detail"), str):
        return _plain(value["detail"])
    named = (
        f"{name}: {text}" if name else text
        for name, texts in value.items()
        if isinstance(texts, list)
        for text in texts
        if isinstance(text, str)
    )
    return _plain(" ".join(named))


def _plain(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: _LONGEST + 1])
    return printable if len(printable) <= _LONGEST else f"{printable[:_LONGEST]}…"
