"""A world that stays as it is: each request finds what the examples name, and leaves no trace."""

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings
from pytest_django import Settings
from schemathesis.pytest import _test_builder

from accounts import services
from tests.factories import make_key
from tests.fuzz import adapter, story

SEED = int(os.environ.get("LIKEWISE_TEST_SEED", "1"))
# Known before the world is: requests are put together before any test runs.
KEY = "lw_" + 10 * "Fuzz"
succeeded: list[bool] = []
answered: Counter[tuple[str, int]] = Counter()


# schemathesis puts the requests of all calls together when tests are collected: twenty seconds of a
# core in each process, of which one runs them. Here each test does so for its own call.
_build = _test_builder.build_operation_test


def _later(**told: Any) -> Callable[[], None]:
    def unbuilt() -> None:
        raise AssertionError("its requests were not put together")

    unbuilt.build = partial(_build, **told)  # type: ignore[attr-defined]
    return unbuilt


_test_builder.build_operation_test = _later


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and hasattr(item.obj, "build"):
        item.obj = item.obj.build()


def _only_localhost(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
    """Resolve no name but one: nothing here may reach outside."""
    if host not in ("localhost", "127.0.0.1"):
        raise socket.gaierror(socket.EAI_NONAME, "unknown here")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[Path]:
    """Tell the story once, in a transaction that never ends; return its folder."""
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr(socket, "getaddrinfo", _only_localhost)
        with override_settings(**_settings(folder)), transaction.atomic():
            owner = story.tell(patch)
            patch.setattr(services.secrets, "token_urlsafe", lambda _: KEY.removeprefix("lw_"))
            assert make_key(owner) == KEY
            yield folder
            transaction.set_rollback(True)


@pytest.fixture
def _as_told(
    world: Path, _house: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Use the story's files; every other test has files of its own."""
    for name, value in _settings(world).items():
        setattr(settings, name, value)
    succeeded.clear()
    monkeypatch.setattr(requests.Session, "get_adapter", adapter.adapter_of)
    logging.getLogger("likewise.request").setLevel(logging.WARNING)
    yield
    logging.getLogger("likewise.request").setLevel(logging.NOTSET)
    cache.clear()
    # The examples of the schema come first, and are what somebody would send.
    assert any(succeeded) or not succeeded, "no request of this call succeeded"


def _settings(folder: Path) -> dict[str, Any]:
    return {
        "LIKEWISE_DATA": folder,
        "LIKEWISE_LEASE": 3600,
        "LIKEWISE_THROTTLE": "0",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "STORAGES": {
            "default": {
                "BACKEND": "dashboard.files.store.storage.AtomicFileSystemStorage",
                "OPTIONS": {"location": str(folder / "files")},
            },
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    }


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say by which seed the run can be had again."""
    if answered:
        classes: Counter[str] = Counter()
        for (_, status), count in answered.items():
            classes[f"{status // 100}xx"] += count
        counts = ", ".join(f"{count} {name}" for name, count in sorted(classes.items()))
        terminalreporter.write_line(f"fuzz: LIKEWISE_TEST_SEED={SEED}, answers: {counts}")
