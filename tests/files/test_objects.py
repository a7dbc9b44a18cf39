"""A bucket, as only a bucket is."""

import io
import os
import threading
import zipfile

import pytest

from dashboard.files.errors import ArchiveTooLarge, StorageAway
from dashboard.files.store import storage

BUCKET = "dashboard.files.store.objects.BucketStorage"


def test_a_large_file_goes_in_parts_that_nobody_sees(bucket):
    data = os.urandom(20 << 20)
    storage.write_stream("1.zip", io.BytesIO(data), limit=len(data))
    assert bucket.names() == ["a/prefix/1.zip"]
    assert storage.read("1.zip") == data
    with pytest.raises(ArchiveTooLarge):
        storage.write_stream("2.zip", io.BytesIO(data), limit=len(data) - 1)
    assert bucket.names() == ["a/prefix/1.zip"]
    assert not bucket.unfinished()


def test_parts_that_a_killed_process_left_are_removed(bucket):
    client = bucket.server.client
    client.create_multipart_upload(Bucket=bucket.name, Key="a/prefix/1.zip")
    client.create_multipart_upload(Bucket=bucket.name, Key="another/2.zip")
    assert storage.remove_unfinished(older_than=1e10) == 0
    # moto says of each that it was begun in 2010.
    assert storage.count_unfinished(older_than=3600) == 1
    assert storage.remove_unfinished(older_than=3600) == 1
    assert bucket.unfinished() == 1


def test_a_folder_of_more_objects_than_a_page_has(bucket):
    for number in range(1005):
        bucket.server.client.put_object(
            Bucket=bucket.name, Key=f"a/prefix/b/{number:04}.jpg", Body=b"x"
        )
    assert [*storage.names("b")] == [f"b/{number:04}.jpg" for number in range(1005)]
    assert storage.delete_all("b") == 1005
    assert bucket.names() == []


def test_a_small_file_takes_one_request(bucket):
    requests = counted(storage.storages["default"].client)  # type: ignore[attr-defined]
    storage.write("1.jpg", b"x" * 60_000)
    assert storage.read("1.jpg") == b"x" * 60_000
    with storage.open("1.jpg") as file:
        file.seek(0, io.SEEK_END)
        assert file.tell() == 60_000
        file.seek(0)
        assert file.read() == b"x" * 60_000
    assert requests == ["PutObject", "GetObject", "GetObject"]


def test_a_member_of_a_large_archive_takes_few_requests(bucket):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.bin", os.urandom(100_000))
    storage.write("1.zip", packed.getvalue())
    requests = counted(storage.storages["default"].client)  # type: ignore[attr-defined]
    with storage.open("1.zip") as file, zipfile.ZipFile(file) as archive:
        archive.read("150.bin")
    assert len(requests) <= 5
    requests.clear()
    with storage.open("1.zip") as file, zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            archive.read(name)
    assert len(requests) <= 20  # of 30 MB


def counted(client):
    found = []
    client.meta.events.register("before-call.s3", lambda model, **_: found.append(model.name))
    return found


def test_what_was_opened_is_not_mixed_with_what_took_its_place(bucket):
    storage.write("1.bin", b"a" * 1_000_000)
    with storage.open("1.bin") as file:
        assert file.read(10) == b"a" * 10
        storage.write("1.bin", b"b" * 1_000_000)
        with pytest.raises(StorageAway, match="PreconditionFailed"):
            file.read()


def test_threads_share_one_client(bucket):
    clients = []
    threads = [
        threading.Thread(target=lambda: clients.append(storage._storage().client))
        for _ in range(8)  # type: ignore[attr-defined]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len({id(client) for client in clients}) == 1


def test_a_bucket_that_cannot_be_used(s3, bucket, settings):
    storage.probe()
    gone = bucket.address.replace(bucket.name, "another-bucket")
    settings.STORAGES = {"default": {"BACKEND": BUCKET, "OPTIONS": {"address": gone}}}
    with pytest.raises(StorageAway, match="another-bucket does not exist"):
        storage.probe()
    with pytest.raises(StorageAway, match="NoSuchBucket"):
        storage.write("1.jpg", b"x")


def test_a_store_that_does_not_answer_is_told_without_its_keys(settings):
    address = "s3://a-key:a-secret@bucket?endpoint_url=http://127.0.0.1:1"
    settings.STORAGES = {"default": {"BACKEND": BUCKET, "OPTIONS": {"address": address}}}
    for call in (storage.read, storage.size, storage.delete, lambda name: [*storage.names(name)]):
        with pytest.raises(StorageAway, match="does not answer") as caught:
            call("1.jpg")
        assert "a-secret" not in str(caught.value)
    assert "a-secret" not in repr(storage.storages["default"].of)  # type: ignore[attr-defined]
