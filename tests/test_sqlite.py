"""Test that the writers of a process wait in one queue for SQLite's lock."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError
from django.db.backends.sqlite3 import base as bare

from dashboard.sqlite.base import DatabaseWrapper, _turns

pytestmark = pytest.mark.django_db  # pytest-django guards every connection

WRITERS = 30


@pytest.fixture
def connect(tmp_path):
    """Return what opens a connection to a file of the test's own, and closes it in the end."""
    opened = []

    def connection(timeout=20):
        options = {"transaction_mode": "IMMEDIATE", "timeout": timeout}
        settings = {"NAME": str(tmp_path / "a.sqlite3"), "OPTIONS": options, "AUTOCOMMIT": True}
        made = DatabaseWrapper(
            settings | {"TIME_ZONE": None, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
        )
        made.inc_thread_sharing()
        opened.append(made)
        return made

    with connection().cursor() as cursor:
        cursor.execute("CREATE TABLE said (word TEXT)")
    yield connection
    for one in opened:
        one.close()


def begin(connection):
    connection.ensure_connection()
    connection._start_transaction_under_autocommit()
    connection.in_atomic_block = True


def end(connection, how="commit"):
    connection.in_atomic_block = False
    getattr(connection, f"_{how}")()


def say(connection, word):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO said VALUES (%s)", [word])


def is_free(connection):
    return not _turns[connection.settings_dict["NAME"]].locked()


def words(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM said ORDER BY word")
        return [word for (word,) in cursor.fetchall()]


def in_a_transaction(connection, word):
    begin(connection)
    say(connection, word)
    end(connection)


class Asking:
    """How many are asking SQLite for its lock now, and the most that ever were."""

    def __init__(self):
        self.now = self.most = self.times = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.now += 1
            self.times += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self._lock:
            self.now -= 1


@pytest.mark.parametrize("way", [in_a_transaction, say])
def test_thirty_writers_ask_one_after_another(connect, monkeypatch, way):
    asking = Asking()

    def watched(original):
        def ask(*args):
            with asking:
                return original(*args)

        return ask

    of_a_transaction = bare.DatabaseWrapper._start_transaction_under_autocommit  # type: ignore[attr-defined]
    monkeypatch.setattr(
        bare.DatabaseWrapper, "_start_transaction_under_autocommit", watched(of_a_transaction)
    )
    execute = bare.SQLiteCursorWrapper.execute
    if way is say:
        monkeypatch.setattr(bare.SQLiteCursorWrapper, "execute", watched(execute))
    connections = [connect() for _ in range(WRITERS)]
    together = threading.Barrier(WRITERS)

    def write(connection):
        connection.ensure_connection()
        together.wait()
        for number in range(5):
            way(connection, str(number))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, connections))
    assert asking.times == WRITERS * 5
    assert asking.most == 1
    assert len(words(connections[0])) == WRITERS * 5


@pytest.mark.parametrize("how", ["commit", "rollback", "close"])
def test_however_it_ends_the_next_has_its_turn(connect, how):
    connection = connect()
    begin(connection)
    assert not is_free(connection)
    end(connection, how)
    assert is_free(connection)


def test_who_does_not_get_the_lock_gives_the_turn_back(connect):
    connection = connect(timeout=0)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        begin(connection)
    assert is_free(connection)
    with pytest.raises(OperationalError, match="locked"):
        say(connection, "a")
    assert is_free(connection)
    other.close()
    say(connection, "a")
    assert words(connection) == ["a"]


def test_after_the_timeout_sqlite_itself_is_asked(connect):
    first, second = connect(), connect(timeout=0.01)
    begin(first)
    with pytest.raises(OperationalError, match="locked"):
        begin(second)
    assert not is_free(first)
    end(first)
    say(second, "b")


def test_reading_takes_no_turn(connect):
    first, second = connect(), connect()
    with first.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
    say(first, "a")
    begin(first)
    assert words(second) == ["a"]
    end(first, "rollback")
