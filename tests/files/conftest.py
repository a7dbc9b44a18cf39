"""Where files are kept in tests, a folder and a bucket, and a server to fetch pictures from."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.files.serving import Server
from tests.s3 import BucketOfTests, Buckets, buckets

DISK = "dashboard.files.store.storage.AtomicFileSystemStorage"
BUCKET = "dashboard.files.store.objects.BucketStorage"


@pytest.fixture(scope="session")
def s3() -> Iterator[Buckets]:
    with buckets() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.STORAGES = {"default": {"BACKEND": DISK, "OPTIONS": {"location": str(tmp_path)}}}
    return tmp_path


@pytest.fixture
def bucket(s3: Buckets, settings: Settings) -> BucketOfTests:
    bucket = s3.new("a/prefix")
    settings.STORAGES = {"default": {"BACKEND": BUCKET, "OPTIONS": {"address": bucket.address}}}
    return bucket


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()
