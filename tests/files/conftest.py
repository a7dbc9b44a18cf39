"""The two places where files are kept: a folder, and a bucket on a server of our own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.s3 import BucketOfTests, Buckets, buckets

DISK = "dashboard.files.storage.AtomicFileSystemStorage"
BUCKET = "dashboard.files.objects.BucketStorage"


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
