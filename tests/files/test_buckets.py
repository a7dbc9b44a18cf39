"""The address of a bucket, as a setting gives it."""

import pytest

from dashboard.files.store.buckets import BadBucketAddress, Bucket, read_bucket

STORE = "endpoint_url=https%3A%2F%2Fstorage.example.com%3A9000"


def test_it_works(monkeypatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    assert read_bucket("s3://pictures") == Bucket("pictures")
    assert read_bucket(f"s3://k%2B1:a%2Fb%40c@pictures/of/ours/?{STORE}&region=eu-1") == Bucket(
        name="pictures",
        prefix="of/ours",
        endpoint_url="https://storage.example.com:9000",
        region="eu-1",
        addressing_style="path",
        key="k+1",
        secret="a/b@c",
    )
    unescaped = "s3://pictures?endpoint_url=http://10.0.0.1:9000&addressing_style=virtual"
    assert read_bucket(unescaped).endpoint_url == "http://10.0.0.1:9000"
    assert read_bucket(unescaped).addressing_style == "virtual"


def test_the_region_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-2")
    assert read_bucket("s3://pictures").region == "eu-2"
    assert read_bucket("s3://pictures?region=eu-1").region == "eu-1"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("pictures", "does not begin with s3://"),
        ("https://pictures", "does not begin with s3://"),
        ("s3://", "names no bucket"),
        ("s3://a", "names no bucket"),
        ("s3://[pictures", "cannot be read"),
        ("s3://pictures:9000", "names no bucket"),
        ("s3://a-key@pictures", "a key without a secret"),
        ("s3://:a-secret@pictures", "a key without a secret"),
        ("s3://pictures/a/../b", "not a plain folder"),
        ("s3://pictures/a//b", "not a plain folder"),
        ("s3://pictures/a b", "not a plain folder"),
        ("s3://pictures?endpoint=https://x", "'endpoint', which is unknown"),
        ("s3://pictures?endpoint_url=storage.example.com", "not a URL like"),
        ("s3://pictures?endpoint_url=https://a:b@storage.example.com", "not a URL like"),
        ("s3://pictures?region=a&region=b", "region more than once"),
        ("s3://pictures?region", "cannot be read"),
        ("s3://pictures?addressing_style=dns", "none of auto, path, virtual"),
    ],
)
def test_what_is_no_address(address, sentence):
    with pytest.raises(BadBucketAddress, match=sentence) as caught:
        read_bucket(address)
    assert "a-secret" not in str(caught.value)


def test_the_secret_is_not_shown():
    assert "a-secret" not in repr(read_bucket("s3://a-key:a-secret@pictures"))
