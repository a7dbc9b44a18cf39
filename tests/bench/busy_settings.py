"""The program's settings with a database that tells who holds its write lock."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import DATABASES

DATABASES["default"]["ENGINE"] = "tests.bench.locks"
