"""Test that a process loads each shared object once, without blocking users of others."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dashboard import runtime
from dashboard.engine.prior import BOTH, BUILTIN, PHOTO

PATIENCE = 30  # seconds until a test that waits for nothing fails


def test_a_slow_loading_keeps_nobody_from_what_is_held() -> None:
    held: runtime.Cache[str, int] = runtime.Cache(4)
    held.get("there", lambda: 1)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert go_on.wait(PATIENCE)
        return 2

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(held.get, "slow", slow)
        assert begun.wait(PATIENCE)
        assert held.get("there", lambda: 0) == 1
        assert held.get("another", lambda: 3) == 3
        assert not waiting.done()
        go_on.set()
        assert waiting.result() == 2


def test_threads_share_one_loading() -> None:
    held: runtime.Cache[str, object] = runtime.Cache(4)
    together, loads = threading.Barrier(8), []

    def load() -> object:
        loads.append(threading.get_ident())
        return object()

    def ask(_: int) -> object:
        together.wait(PATIENCE)
        return held.get("one", load)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert (len(loads), len(found)) == (1, 1)


def test_after_a_loading_that_failed_the_next_one_tries_again() -> None:
    held: runtime.Cache[str, int] = runtime.Cache(4)

    with pytest.raises(ZeroDivisionError):
        held.get("one", lambda: 1 // 0)

    assert held.get("one", lambda: 5) == 5


def test_who_waited_for_a_loading_that_failed_tries_himself() -> None:
    held: runtime.Cache[str, int] = runtime.Cache(4)
    begun, fail = threading.Event(), threading.Event()

    def failing() -> int:
        begun.set()
        fail.wait(PATIENCE)
        raise OSError("the disk is away")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(held.get, "one", failing)
        assert begun.wait(PATIENCE)
        second = pool.submit(held.get, "one", lambda: 7)
        fail.set()
        assert second.result() == 7
        with pytest.raises(OSError, match="away"):
            first.result()


def test_the_pair_shares_its_sessions_with_the_built_in_encoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "_shipped", runtime.Cache(2))
    monkeypatch.setattr(runtime, "_both", runtime.Cache(1))
    builtin = runtime.encoder(BUILTIN)
    assert set(runtime._shipped._values) == {BUILTIN}  # the other is loaded when it is needed

    pair = runtime.encoder(BOTH)

    assert runtime.encoder(BOTH) is pair
    assert runtime.encoder(BUILTIN) is builtin
    assert set(runtime._shipped._values) == {BUILTIN, PHOTO}
    picture = Image.effect_noise((300, 200), 80)
    np.testing.assert_array_equal(pair.encode(picture)[:512], builtin.encode(picture))
