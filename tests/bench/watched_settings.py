"""The program's settings with one address more, which answers nothing."""

from dashboard.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.watched_urls"
