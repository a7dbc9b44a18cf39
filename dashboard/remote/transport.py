"""Send one call over the network, retry it where that is safe, and read the answer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    MaxRetryError,
    NewConnectionError,
)
from urllib3.util.retry import Retry

from dashboard.network.connections import PrivateNetwork
from dashboard.remote import errors
from dashboard.remote.address import Address, next_hop
from dashboard.remote.answers import Answer
from dashboard.remote.bodies import read_body
from dashboard.remote.limits import Limits
from dashboard.remote.pacing import Pace
from dashboard.remote.token import Token

_REDIRECTS = 3
_NOTHING_SENT = (ConnectTimeoutError, NewConnectionError)


@dataclass(frozen=True)
class Call:
    """A request to the server; `name` is the call's name for people.

    `repeatable`: doing it twice has the effect of doing it once, so it is sent again if its outcome
    is unknown.
    """

    name: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    repeatable: bool = True


@dataclass(frozen=True)
class Lost:
    """An attempt without an answer; `sent` is false if the server cannot have received it."""

    error: errors.RemoteError
    sent: bool = True
    passing: bool = True


Outcome = Answer | Lost


@dataclass(frozen=True, eq=False)
class Transport:
    """The parts that all calls to one server share. Threads may share it; see `session.py`."""

    address: Address
    token: Token
    session: requests.Session = field(repr=False)
    limits: Limits
    pace: Pace = field(repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def send(self, call: Call) -> Answer:
        """Return the answer to a call; see `until_answered`."""
        url = self.address.of_path(call.path)
        return self.until_answered(
            lambda: self._attempt(call, url), name=call.name, repeatable=call.repeatable
        )

    def until_answered(
        self, attempt: Callable[[], Outcome], *, name: str, repeatable: bool = True
    ) -> Answer:
        """Return the first answer whose status is 2xx. Raises `RemoteError`.

        Retried after a pause: in any case a call that was refused for now (429) or cannot have
        arrived; only if it is `repeatable`, a call that was cut off, timed out or was answered with
        500, 502, 503 or 504. Otherwise the latter raise `OutcomeUnknown`.
        """
        retry, repeated = self.limits.retry(), False
        while True:
            outcome = attempt()
            if isinstance(outcome, Answer) and outcome.is_success():
                return replace(outcome, repeated=repeated)
            error = self._error(name, outcome, repeatable=repeatable)
            error.repeated = repeated
            if not _may_repeat(outcome, repeatable=repeatable) or retry.total == 0:
                raise error
            repeated = repeated or _may_have_arrived(outcome)
            retry = self._rest(retry, outcome, error)

    def paused(self, retry: Retry) -> Retry:
        """Wait after a failed attempt, longer each time."""
        retry = _counted(retry)
        self.sleep(retry.get_backoff_time())
        return retry

    def _rest(self, retry: Retry, outcome: Outcome, error: errors.RemoteError) -> Retry:
        """Wait before the next attempt. Raises `error` if the server asks for too long a pause."""
        asked = _asked_pause(retry, outcome)
        if asked is None:
            return self.paused(retry)
        if isinstance(error, errors.RateLimited):
            error.retry_after = asked
        if asked > self.limits.retry_after_most:
            raise error
        # The pause applies to all users of this connection.
        self.pace.pause(asked)
        return _counted(retry)

    def _error(self, name: str, outcome: Outcome, *, repeatable: bool) -> errors.RemoteError:
        if isinstance(outcome, Answer):
            error = replace(outcome, body=self.token.hidden_in(outcome.body)).error()
            unknown = outcome.status >= 500 and outcome.is_passing()
        else:
            error, unknown = outcome.error, outcome.sent and outcome.passing
        if repeatable or not unknown:
            return error
        return errors.OutcomeUnknown(
            f"{error.reason} It is not known whether “{name}” was done.",
            # These statuses come from the server itself, which has ended the request; 502 and 504
            # come from a proxy.
            finished=error.status in (500, 503),
            call=name,
            status=error.status,
        )

    def _attempt(self, call: Call, url: str, hops: int = _REDIRECTS) -> Outcome:
        self.pace.wait()
        try:
            outcome, target = self._exchange(call, url)
        except (requests.RequestException, HTTPError, OSError, ValueError) as failure:
            return lost(call.name, failure)
        except PrivateNetwork as failure:
            return Lost(forbidden(call.name, failure), sent=False, passing=False)
        except errors.RemoteError as error:
            return Lost(error, passing=False)
        # Only reads follow redirects, and only to the same server: the token must not go elsewhere.
        if target and call.method == "GET" and hops and self.address.is_home_of(target):
            return self._attempt(call, target, hops - 1)
        return outcome

    def _exchange(self, call: Call, url: str) -> tuple[Answer, str | None]:
        with self.session.request(
            call.method,
            url,
            params=dict(call.query) if url == self.address.of_path(call.path) else None,
            data=None if call.body is None else orjson.dumps(call.body),
            headers=None if call.body is None else {"Content-Type": "application/json"},
            auth=self.token,
            stream=True,
            allow_redirects=False,
            timeout=(self.limits.connect_seconds, self.limits.read_seconds),
        ) as response:
            body = read_body(
                response,
                call=call.name,
                most_bytes=self.limits.answer_bytes,
                seconds=self.limits.answer_seconds,
            )
            target = self.session.get_redirect_target(response)
            answer = Answer(
                call.name, response.status_code, dict(response.headers.lower_items()), body
            )
            return answer, next_hop(url, target) if target else None


def forbidden(call: str, failure: PrivateNetwork) -> errors.ForbiddenAddress:
    """Return the error for a host that is not opened."""
    return errors.ForbiddenAddress(
        f"{failure.host} is in a private network, which this server does not open. Use a public "
        "URL, or ask your administrator to allow the network.",
        call=call,
    )


def _may_have_arrived(outcome: Outcome) -> bool:
    return outcome.sent if isinstance(outcome, Lost) else outcome.status != 429


def lost(call: str, failure: Exception) -> Lost:
    """Return the outcome for a library's exception, without its text, which may hold secrets."""
    if isinstance(failure, requests.exceptions.SSLError):
        reason = "The server's certificate is not valid, so nothing was sent. Check the URL."
        return Lost(errors.Unavailable(reason, call=call), sent=False, passing=False)
    if _nothing_was_sent(failure):
        reason = "The server cannot be reached. Check the URL, or try again later."
        return Lost(errors.Unavailable(reason, call=call), sent=False)
    reason = "The server did not answer completely. Try again later."
    return Lost(errors.Unavailable(reason, call=call))


def _may_repeat(outcome: Outcome, *, repeatable: bool) -> bool:
    if isinstance(outcome, Lost):
        return outcome.passing and (repeatable or not outcome.sent)
    return outcome.is_passing() and (repeatable or outcome.status == 429)


def _nothing_was_sent(failure: Exception) -> bool:
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, _NOTHING_SENT)


def _counted(retry: Retry) -> Retry:
    """Count an attempt. The loop has checked the total, so this does not raise."""
    return retry.increment("GET", "/", error=ConnectTimeoutError())


def _asked_pause(retry: Retry, outcome: Outcome) -> float | None:
    """Return the pause in seconds that the server asked for; None if absent or unreadable."""
    if isinstance(outcome, Lost) or "retry-after" not in outcome.headers:
        return None
    try:
        return retry.parse_retry_after(outcome.headers["retry-after"])
    except (InvalidHeader, ValueError, OverflowError):
        return None
