"""Two people open the set-up link at the same moment: one becomes the owner."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.live import PASSWORD, Server, csrf_of

pytestmark = pytest.mark.live
PEOPLE = 6


def test_it_works(new_server: Server) -> None:
    barrier = Barrier(PEOPLE)
    link = new_server.setup_link()

    def set_up(number: int) -> str:
        session = requests.Session()
        token = csrf_of(session.get(link, timeout=30).text)
        typed = {"email": f"{number}@example.org", "password": PASSWORD, "name": "Shop"}
        barrier.wait()
        answer = session.post(
            link, typed | {"csrfmiddlewaretoken": token}, timeout=60, allow_redirects=False
        )
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    with ThreadPoolExecutor(PEOPLE) as pool:
        led_to = sorted(pool.map(set_up, range(PEOPLE)))
    assert led_to == ["/", *["/accounts/login/"] * (PEOPLE - 1)]
    there = [number for number in range(PEOPLE) if has_account(new_server, number)]
    assert len(there) == 1


def has_account(server: Server, number: int) -> bool:
    session = server.signed_in(f"{number}@example.org")
    return "/accounts/login/" not in session.get(server.url + "images/", timeout=30).url
