"""Thirty clients at once, who read and write through the API."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.pictures import photos

CLIENTS = 30
TRAINING = "similarity/training/v2/"
RECOGNITION = "recognition/v2/"


@dataclass
class Answers:
    """How often which status came, and how long each answer took, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, status: int, took: float) -> None:
        """Keep one answer."""
        with self._lock:
            self.statuses[status] += 1
            self.times.append(took)
            self.slowest = sorted([*self.slowest, (took, what)], reverse=True)[:10]

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the answers came, in milliseconds."""
        return sorted(self.times)[int(share * (len(self.times) - 1))] * 1000


class Client:
    """One client with a group of its own, who asks for one thing after another."""

    def __init__(self, url: str, key: str, number: int, type_id: str, answers: Answers) -> None:
        self.url, self.number, self.type_id, self.answers = url, number, type_id, answers
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {key}"
        self.dice = random.Random(number)
        self.pictures = photos(20, size=(240, 180), seed=1000 + number)
        self.groups: list[str] = []
        self.images: list[str] = []

    def work(self, until: threading.Event) -> None:
        """Ask until told to stop."""
        self.make_group()
        self.add_image()
        steps = (self.read_groups, self.read_images, self.read_group, self.read_user)
        writes = (self.make_group, self.add_image, self.put_in, self.mark, self.rename)
        while not until.is_set():
            self.dice.choice(steps if self.dice.random() < 0.5 else writes)()

    def ask(self, method: str, address: str, body: dict[str, Any] | None = None) -> Any:
        """Ask once, however it ends."""
        began = time.perf_counter()
        answer = self.session.request(method, self.url + address, json=body, timeout=120)
        self.answers.count(f"{method} {address}", answer.status_code, time.perf_counter() - began)
        return answer.json() if answer.ok and answer.content else {}

    def read_groups(self) -> None:
        """Read a page of groups."""
        self.ask("GET", f"{TRAINING}group/?type={self.type_id}")

    def read_images(self) -> None:
        """Read a page of images."""
        self.ask("GET", f"{RECOGNITION}training-image/")

    def read_group(self) -> None:
        """Read a group with what is in it."""
        self.ask("GET", f"{TRAINING}group/{self.dice.choice(self.groups)}/")

    def read_user(self) -> None:
        """Read who one is."""
        self.ask("GET", "account/v2/user/")

    def make_group(self) -> None:
        """Make a group."""
        name = f"Client {self.number} {len(self.groups)}"
        made = self.ask("POST", f"{TRAINING}group/", {"name": name, "type": self.type_id})
        self.groups += [made["id"]] if "id" in made else []

    def add_image(self) -> None:
        """Add a picture."""
        if not self.pictures:
            return self.read_images()
        began = time.perf_counter()
        address = f"{RECOGNITION}training-image/"
        file = ("one.jpg", self.pictures.pop(), "image/jpeg")
        answer = self.session.post(self.url + address, files={"img_path": file}, timeout=120)
        self.answers.count(f"POST {address}", answer.status_code, time.perf_counter() - began)
        self.images += [answer.json()["id"]] if answer.ok else []
        return None

    def put_in(self) -> None:
        """Put an image into a group."""
        group, image = self.dice.choice(self.groups), self.dice.choice(self.images)
        self.ask("POST", f"{TRAINING}group/{group}/add-images/", {"images": [image]})

    def mark(self) -> None:
        """Mark a group as one to test with, or not."""
        group = self.dice.choice(self.groups)
        self.ask("PUT", f"{TRAINING}group/{group}/", {"test_group": self.dice.random() < 0.5})

    def rename(self) -> None:
        """Write the metadata of an image."""
        image = self.dice.choice(self.images)
        self.ask(
            "PUT",
            f"{RECOGNITION}training-image/{image}/",
            {"meta_data": {"n": self.dice.randrange(1000)}},
        )


def clients(url: str, key: str, type_id: str, answers: Answers) -> list[Client]:
    """Make the thirty."""
    return [Client(url, key, number, type_id, answers) for number in range(CLIENTS)]


class Load:
    """Runs the clients until the block ends."""

    def __init__(self, all_of_them: list[Client]) -> None:
        self._clients, self._over = all_of_them, threading.Event()
        self._pool = ThreadPoolExecutor(len(all_of_them))

    def __enter__(self) -> "Load":
        self._work = [self._pool.submit(client.work, self._over) for client in self._clients]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()
        for work in self._work:
            work.result()
