"""A message is posted to an allowed host, within its time, and nothing of the answer is kept."""

import pytest

from dashboard.files.errors import AddressFailed, ForbiddenAddress
from dashboard.files.fetch.posting import Answered, post
from dashboard.files.limits import FetchLimits
from tests.remote.stand_in import CUT, Reply, StandIn, standing_in

LIMITS = FetchLimits(seconds=5, allowed_networks=("127.0.0.1/32",))
HURRIED = FetchLimits(seconds=0.3, allowed_networks=("127.0.0.1/32",))


@pytest.fixture
def there():
    with standing_in() as server:
        yield server


def sent(there: StandIn, limits: FetchLimits = LIMITS) -> Answered:
    return post(f"{there.url}/hook", b"body", {"X-Own": "1"}, limits)


def test_it_works(there):
    there.plays(Reply(200, b"thanks"))
    assert sent(there) == Answered(200)
    [asked] = there.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/hook", b"body")
    assert (asked.headers["X-Own"], asked.headers["User-Agent"]) == ("1", "Likewise")
    assert not {"Cookie", "Authorization"} & asked.headers.keys()


def test_a_redirect_is_an_answer(there):
    there.plays(Reply(307, headers={"Location": f"{there.url}/elsewhere"}))
    assert sent(there) == Answered(307)
    assert len(there.asked) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("soon", None)]
)
def test_it_tells_when_to_try_again(there, header, seconds):
    there.plays(Reply(503, headers={"Retry-After": header}))
    assert sent(there) == Answered(503, seconds)


@pytest.mark.parametrize(
    "reply", [Reply(200, b"x" * 5_000_000), Reply(200, b"slow" * 100, drip=1), Reply(200, short=9)]
)
def test_the_status_counts_whatever_follows(there, reply):
    there.plays(reply)
    assert sent(there, HURRIED) == Answered(200)


def test_who_is_silent_is_cut_off(there):
    there.plays(Reply(200, silence=60))
    with pytest.raises(AddressFailed, match=r"did not answer within 0\.3 seconds") as failed:
        sent(there, HURRIED)
    assert there.url not in failed.value.reason


def test_who_hangs_up(there):
    there.plays(CUT)
    with pytest.raises(AddressFailed, match="cannot be reached, or closed") as failed:
        sent(there)
    assert failed.value.__cause__ is None


def test_a_private_network(there):
    with pytest.raises(ForbiddenAddress, match=r"127\.0\.0\.1 is in a private network"):
        sent(there, FetchLimits(seconds=5))
    assert there.connections == 0


def test_what_does_not_speak_tls(there):
    url = there.url.replace("http://", "https://")
    with pytest.raises(AddressFailed, match=r"certificate is not valid|cannot be reached"):
        post(url, b"body", {}, LIMITS)
