"""Store bytes in a bucket of any S3-compatible store.

An object appears whole or not at all, and the last writer wins: such stores guarantee that. Data
that does not fit into one request is sent in parts, which are not visible before the last one.
"""

from __future__ import annotations  # Django's File is generic for type checkers only

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import IO, Any, Final, cast

import boto3.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name, safe_join

from dashboard.files.errors import StorageAway
from dashboard.files.store.buckets import BadBucketAddress, Bucket, read_bucket
from dashboard.files.store.entries import Entry
from dashboard.files.store.ranges import RangeReader, Stretch

PART: Final = 8 * 1024 * 1024  # at most 10,000 of them: 80 GB
_PARTS_IN_MEMORY: Final = 2
# The most that one call of S3's DeleteObjects accepts.
_DELETED_AT_ONCE: Final = 1000
_GONE: Final = ("404", "NoSuchKey", "NotFound")


class BucketStorage(S3Storage):  # type: ignore[misc]  # it has no types
    """An S3Storage that is configured by a bucket's URL and reads by ranges.

    One client, with a pool of connections, serves all threads of the process. Raises `StorageAway`
    if the store does not answer or refuses, `FileNotFoundError` if there is no such object.
    """

    def __init__(self, address: str) -> None:
        try:
            self.of = read_bucket(address)
        except BadBucketAddress as error:
            raise ImproperlyConfigured(f"LIKEWISE_STORAGE: {error}.") from None
        super().__init__(
            bucket_name=self.of.name,
            location=self.of.prefix,
            file_overwrite=True,
            client_config=_config(self.of),
            transfer_config=_transfer(),
        )
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def client(self) -> Any:
        """Return the process's client; clients, unlike resources, may be shared by threads."""
        with self._lock:
            if self._made is None:
                self._made = _client(self.of, self.client_config)
            return self._made

    def probe(self) -> None:
        """Raise `StorageAway` with a sentence if the bucket cannot be used."""
        with _talking("the bucket"):
            try:
                self.client.head_bucket(Bucket=self.of.name)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status in (403, 404):
                    sentence = "does not exist" if status == 404 else "refuses these keys"
                    raise StorageAway(f"The bucket {self.of.name} {sentence}.") from error
                raise

    def _key(self, name: str) -> str:
        try:
            return cast("str", safe_join(self.location, clean_name(name)))
        except ValueError as error:
            raise SuspiciousFileOperation(f"{name} is outside of the storage.") from error

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:  # noqa: ARG002  # to read only
        fetch = partial(self._fetch, name, _Seen())
        raw: Any = io.BufferedReader(RangeReader(fetch), io.DEFAULT_BUFFER_SIZE)
        return File(raw, name)

    def _fetch(self, name: str, seen: _Seen, start: int, size: int) -> Stretch:
        """Return a part of the object that was opened, and of no other that replaced it."""
        with _talking(name):
            try:
                answer = self.client.get_object(
                    Bucket=self.of.name,
                    Key=self._key(name),
                    Range=f"bytes={start}-{start + size - 1}",
                    # An object may be overwritten while it is read, as by another attempt of a job:
                    # halves of two objects must never be read as one.
                    **({"IfMatch": seen.tag} if seen.tag else {}),
                )
                data: bytes = answer["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] == "InvalidRange":  # an object of no bytes
                    return Stretch(0, b"", 0)
                raise
        seen.tag = answer["ETag"]
        whole = answer.get("ContentRange", "").rpartition("/")[2]
        return Stretch(start, data, int(whole) if whole else len(data))

    def _save(self, name: str, content: File[bytes]) -> str:
        key = self._key(name)
        extra = self._get_write_parameters(name, content)
        with contextlib.suppress(AttributeError, io.UnsupportedOperation):
            content.seek(0)
        with _talking(name):
            head = _read_full(content, PART)
            # One request instead of three: nearly every image is smaller than a part.
            if len(head) < PART:
                self.client.put_object(Bucket=self.of.name, Key=key, Body=head, **extra)
            else:
                self.client.upload_fileobj(
                    _Rest(head, content), self.of.name, key, extra, Config=self.transfer_config
                )
        return cast("str", clean_name(name))

    def delete(self, name: str) -> None:
        """Delete an object; a missing one is not an error."""
        with _talking(name):
            self.client.delete_object(Bucket=self.of.name, Key=self._key(name))

    def exists(self, name: str) -> bool:
        """Return whether an object has this name."""
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Return the size of an object in bytes. Raises FileNotFoundError."""
        with _talking(name):
            found = self.client.head_object(Bucket=self.of.name, Key=self._key(name))
            return int(found["ContentLength"])

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yield the entries of a folder and its subfolders, sorted by name, page by page."""
        start = f"{self._key(folder).rstrip('/')}/".lstrip("/")
        pages = self.client.get_paginator("list_objects_v2")
        with _talking(folder):
            for page in pages.paginate(Bucket=self.of.name, Prefix=start):
                for found in page.get("Contents", ()):
                    name = self._name(found["Key"])
                    yield Entry(name, found["Size"], found["LastModified"].timestamp())

    def delete_all(self, folder: str) -> int:
        """Delete a folder with its content, a thousand objects per request; return how many."""
        count = 0
        keys: list[dict[str, str]] = []
        for entry in self.entries(folder):
            keys.append({"Key": self._key(entry.name)})
            if len(keys) == _DELETED_AT_ONCE:
                count += self._delete(keys)
                keys = []
        return count + self._delete(keys)

    def _delete(self, keys: list[dict[str, str]]) -> int:
        if not keys:
            return 0
        with _talking(f"{len(keys)} objects"):
            batch = {"Objects": keys, "Quiet": True}
            answer = self.client.delete_objects(Bucket=self.of.name, Delete=batch)
            # The request as a whole succeeds even if single objects were not deleted.
            if refused := answer.get("Errors"):
                raise StorageAway(f"The store did not delete an object: {refused[0]['Code']}.")
        return len(keys)

    def unfinished(self, older_than: float) -> Iterator[tuple[str, str]]:
        """Yield (key, id) of unfinished multipart uploads older than `older_than` seconds."""
        start = f"{self.location.strip('/')}/".lstrip("/")
        pages = self.client.get_paginator("list_multipart_uploads")
        before = time.time() - older_than
        with _talking("uploads in parts"):
            for page in pages.paginate(Bucket=self.of.name, Prefix=start):
                for found in page.get("Uploads", ()):
                    if found["Initiated"].timestamp() < before:
                        yield found["Key"], found["UploadId"]

    def remove_unfinished(self, older_than: float) -> int:
        """Delete the parts that killed processes left behind; return how many uploads."""
        removed = 0
        for key, upload_id in self.unfinished(older_than):
            with _talking(key), contextlib.suppress(FileNotFoundError):
                self.client.abort_multipart_upload(Bucket=self.of.name, Key=key, UploadId=upload_id)
                removed += 1
        return removed

    def _name(self, key: str) -> str:
        return key.removeprefix(f"{self.location.strip('/')}/") if self.location else key


class _Seen:
    """The tag of the object that was opened, which changes when the object is overwritten."""

    tag = ""


class _Rest:
    """A stream whose first bytes were already read."""

    def __init__(self, head: bytes, stream: IO[bytes] | File[bytes]) -> None:
        self._head: bytes | None = head
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return exactly `size` bytes unless the stream ends."""
        head, self._head = self._head or b"", None
        if len(head) > size:
            head, self._head = head[:size], head[size:]
        return head + _read_full(self._stream, size - len(head)) if len(head) < size else head


def _read_full(stream: IO[bytes] | File[bytes], size: int) -> bytes:
    """Return `size` bytes, fewer only at the end: a part may not be smaller than the others."""
    pieces = bytearray()
    while len(pieces) < size and (piece := stream.read(min(size - len(pieces), 1 << 20))):
        pieces += piece
    return bytes(pieces)


@contextlib.contextmanager
def _talking(what: str) -> Iterator[None]:
    """Turn errors of the store into those of files, without keys or URLs in them."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _GONE:
            raise FileNotFoundError(f"There is no {what} in the bucket.") from error
        raise StorageAway(f"The store refused {what}: {code}.") from error
    except BotoCoreError as error:
        raise StorageAway(f"The store does not answer: {type(error).__name__}.") from error


def _config(bucket: Bucket) -> Config:
    return Config(
        s3={"addressing_style": bucket.addressing_style},
        connect_timeout=5,
        read_timeout=60,
        tcp_keepalive=True,
        max_pool_connections=50,
        # boto's default mode is `legacy`, which retries fewer kinds of errors.
        retries={"mode": "standard", "total_max_attempts": 3},
        # Older stores do not support the checksums that S3 introduced in 2025.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _transfer() -> TransferConfig:
    config = TransferConfig(
        multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=_PARTS_IN_MEMORY
    )
    # Ten by default, which would be 80 MB for each file that is uploaded.
    config.max_in_memory_upload_chunks = _PARTS_IN_MEMORY
    return config


def _client(bucket: Bucket, config: Config) -> Any:
    session = boto3.session.Session(
        aws_access_key_id=bucket.key, aws_secret_access_key=bucket.secret
    )
    # A self-hosted store has no regions, but a signature must name one.
    region = bucket.region or session.region_name or "us-east-1"
    return session.client("s3", region_name=region, endpoint_url=bucket.endpoint_url, config=config)
