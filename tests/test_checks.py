"""Test that wrong settings are reported at start, each with an id and the value to use."""

from pathlib import Path

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from dashboard.checks import TAG, known_settings


def ours() -> dict[str | None, CheckMessage]:
    return {message.id: message for message in run_checks(tags=[TAG])}


def test_the_defaults_are_right() -> None:
    assert ours() == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"LIKEWISE_ADMIN_EMAIL": "a@example.com"}, "E002"),
        ({"LIKEWISE_ADMIN_PASSWORD": "secret"}, "E002"),
        ({"LIKEWISE_THROTTLE": "300"}, "E003"),
        ({"LIKEWISE_THROTTLE": "300 per second"}, "E003"),
        ({"LIKEWISE_QUEUES": ["upload", "trian"]}, "E004"),
        ({"LIKEWISE_QUEUES": []}, "E004"),
        ({"LIKEWISE_URL": "likewise.example.com"}, "E005"),
        ({"LIKEWISE_URL": "https://example.com/likewise"}, "E005"),
        ({"LIKEWISE_LEASE": 5.0, "LIKEWISE_SWEEP": 5.0}, "E006"),
        ({"LIKEWISE_SWEEP": 0.0}, "E006"),
        ({"LIKEWISE_WORKERS": 0}, "E007"),
        ({"LIKEWISE_JOBS_PER_WORKSPACE": 0}, "E014"),
        ({"LIKEWISE_FETCH_PRIVATE": ["10.0.0.1/8"]}, "E008"),
        ({"LIKEWISE_TRUSTED_PROXIES": ["10.0.0.0/8", "proxy"]}, "E012"),
        ({"LIKEWISE_KEEP_REQUESTS": 0.0}, "E013"),
        ({"LIKEWISE_KEEP_UPLOADS": 0.0}, "E020"),
        ({"LIKEWISE_KEEP_SIGN_INS": 0.0}, "E030"),
        ({"LIKEWISE_KEEP_CHANGES": 0.0}, "E032"),
        ({"LIKEWISE_BACKBONE": "/nowhere/encoder.onnx"}, "E009"),
        ({"LIKEWISE_MAX_COLLECTION": 0}, "E010"),
        ({"LIKEWISE_DECODING_MEMORY": 10_000_000}, "E024"),
        ({"LIKEWISE_MAX_PIXELS": 100}, "E031"),
        ({"LIKEWISE_MAX_PIXELS": 10**12}, "E031"),
        ({"LIKEWISE_STORAGE": "/var/files"}, "E015"),
        ({"LIKEWISE_QUOTA_BYTES": -1}, "E021"),
        ({"LIKEWISE_QUOTA_IMAGES": -1}, "E021"),
        ({"LIKEWISE_QUOTA_WORKSPACES": -1}, "E021"),
        ({"LIKEWISE_RESERVE_DISK": -1}, "E021"),
        ({"LIKEWISE_STORAGE": "s3://key@bucket"}, "E015"),
    ],
)
def test_a_wrong_value_stops_the_start(
    settings: Settings, values: dict[str, object], expected: str
) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    message = ours()[f"likewise.{expected}"]
    assert message.is_serious()
    assert message.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIKEWISE_DECODING_MEMORY", 96 << 20),
        ("LIKEWISE_MAX_PIXELS", 400_000_000),
        ("LIKEWISE_THROTTLE", "0"),
        ("LIKEWISE_THROTTLE", "20/m"),
        ("LIKEWISE_QUEUES", ["train"]),
        ("LIKEWISE_URL", "http://likewise.example.com:8080"),
        ("LIKEWISE_FETCH_PRIVATE", ["10.0.0.0/8", "fd00::/8"]),
        ("LIKEWISE_STORAGE", "s3://bucket/a/prefix?endpoint_url=http://10.0.0.1:9000"),
    ],
)
def test_a_right_value_passes(settings: Settings, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert ours() == {}


def test_https_without_a_trusted_proxy_is_told(settings: Settings) -> None:
    settings.LIKEWISE_URL = "https://likewise.example.com:8443"
    message = ours()["likewise.W005"]
    assert not message.is_serious()
    assert message.hint is not None
    assert "X-Forwarded-Proto" in message.hint
    settings.LIKEWISE_TRUSTED_PROXIES = ["172.16.0.0/12"]
    assert ours() == {}


def test_a_data_folder_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    settings.LIKEWISE_DATA = tmp_path / "gone"
    assert "gone" in ours()["likewise.E001"].msg


def test_both_halves_of_the_first_owner(settings: Settings) -> None:
    settings.LIKEWISE_ADMIN_EMAIL = "a@example.com"
    settings.LIKEWISE_ADMIN_PASSWORD = "secret"
    assert ours() == {}


def test_a_misspelt_name_is_told_with_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_TROTTLE", "1/s")
    message = ours()["likewise.W001"]
    assert not message.is_serious()
    assert message.hint == "Did you mean LIKEWISE_THROTTLE?"


def test_secrets_from_files_have_known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKEWISE_ADMIN_PASSWORD_FILE", "/run/secrets/admin")
    assert ours() == {}


def test_the_names_are_read_from_the_settings_file() -> None:
    assert {"LIKEWISE_DATA", "LIKEWISE_MAX_BODY", "LIKEWISE_ENV", "SECRET_KEY"} <= known_settings()


def test_half_a_pair_of_keys(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LIKEWISE_STORAGE = "s3://bucket"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    assert "likewise.E016" in ours()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    assert ours() == {}
