"""Run a real S3 server (moto) in a thread of the tests' process."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import boto3
from moto.server import ThreadedMotoServer

KEY, SECRET = "a-key", "a/secret+of:ours"


class Buckets:
    """A running server that creates separate buckets."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )

    def new(self, prefix: str = "") -> "BucketOfTests":
        """Make a bucket and return it."""
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name)
        return BucketOfTests(self, name, prefix)


class BucketOfTests:
    """A bucket, its contents, and its URL as in a setting."""

    def __init__(self, server: Buckets, name: str, prefix: str) -> None:
        self.server, self.name, self.prefix = server, name, prefix

    @property
    def address(self) -> str:
        keys = f"{quote(KEY, safe='')}:{quote(SECRET, safe='')}"
        folder = f"/{self.prefix}" if self.prefix else ""
        return f"s3://{keys}@{self.name}{folder}?endpoint_url={quote(self.server.url, safe='')}"

    def names(self) -> list[str]:
        """Return the name of every object."""
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def unfinished(self) -> int:
        """Return the number of multipart uploads that were not completed."""
        return len(self.server.client.list_multipart_uploads(Bucket=self.name).get("Uploads", ()))


@contextmanager
def buckets() -> Iterator[Buckets]:
    """Run the server until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield Buckets(server.get_host_and_port()[1])
    finally:
        server.stop()
