"""An archive that was not written here, or was changed since, changes nothing."""

import errno
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from dashboard.engine import artifacts
from dashboard.engine.errors import BrokenArtifact
from dashboard.files import chunks, storage, transfer_reading
from dashboard.files.errors import StorageAway
from dashboard.jobs.runner import run_job
from dashboard.models import Image, Imported, Job, UploadChunk, UploadPart, Version
from dashboard.services import import_images
from tests import factories
from tests.factories import Cast, drawn_jpeg, drawn_png
from tests.transfers import bring, export, fill, sent, told

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def exported() -> list[bytes]:
    """Hold what the first test wrote, for all of the module: writing it takes longer than most."""
    return []


@pytest.fixture
def archive(cast: Cast, exported: list[bytes]) -> bytes:
    if not exported:
        fill(cast.workspace)
        exported.append(export(cast.workspace, cast.ann)[1])
    return exported[0]


def unpacked(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def forged(data: bytes, change: Callable[[Members], None]) -> bytes:
    """Change an archive and make its checksums right again."""
    members = unpacked(data)
    manifest = json.loads(members.pop("likewise.json"))
    change(members)
    manifest["members"] = {
        name: {"size": len(member), "sha256": hashlib.sha256(member).hexdigest()}
        for name, member in members.items()
    }
    return packed(members | {"likewise.json": json.dumps(manifest).encode()})


def first_row(noun: str, **fields: Any) -> Callable[[Members], None]:
    """Return a change of the first row of a noun."""

    def change(members: Members) -> None:
        first, *rest = members[f"{noun}.jsonl"].splitlines()
        row = json.loads(first) | fields
        members[f"{noun}.jsonl"] = b"\n".join([json.dumps(row).encode(), *rest]) + b"\n"

    return change


def deep(levels: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def twice(noun: str) -> Callable[[Members], None]:
    """Return a change that says the first row of a noun again."""

    def change(members: Members) -> None:
        first, _, _ = members[f"{noun}.jsonl"].partition(b"\n")
        members[f"{noun}.jsonl"] += first + b"\n"

    return change


def in_pack(change: Callable[[Members], None]) -> Callable[[Members], None]:
    def outer(members: Members) -> None:
        pack = unpacked(members["images/000000.zip"])
        change(pack)
        members["images/000000.zip"] = packed(pack)

    return outer


def refused(cast: Cast, data: bytes) -> str:
    """Import an archive; nothing of it may be here afterwards. Returns the sentence."""
    before = told(cast.elsewhere)
    transfer, job = bring(cast.elsewhere, data, cast.charlie)
    assert job.state == "failed", job.message
    assert told(cast.elsewhere) == before
    assert not Imported.objects.exists()
    assert not list(storage.names(f"{cast.elsewhere.id}/images"))
    assert not list(storage.names(f"{cast.elsewhere.id}/versions"))
    assert not list(storage.names(f"{cast.elsewhere.id}/uploads"))
    assert not UploadPart.objects.filter(upload=transfer.upload).exclude(path="").exists()
    return job.message


def as_sent_by(form: str) -> bytes:
    match form:
        case "a picture":
            return drawn_png(1)
        case "a zip of pictures":
            return packed({"red/1.png": drawn_png(1)})
        case "another manifest":
            return packed({"likewise.json": b'{"kind": "likewise-heads", "format": 1}'})
        case "no json":
            return packed({"likewise.json": b"{"})
        case "a deep manifest":
            return packed({"likewise.json": b"[" * 100_000})
    return b""


@pytest.mark.parametrize(
    "form",
    ["nothing", "a picture", "a zip of pictures", "another manifest", "no json", "a deep manifest"],
)
def test_a_foreign_file(cast: Cast, form: str) -> None:
    assert refused(cast, as_sent_by(form)).startswith("This is no archive of a workspace")


def test_the_beginning_of_one(cast: Cast, archive: bytes) -> None:
    assert refused(cast, archive[: len(archive) // 2]).startswith("This is no archive")


def test_a_newer_format(cast: Cast, archive: bytes) -> None:
    members = unpacked(archive)
    members["likewise.json"] = members["likewise.json"].replace(b'"format": 2', b'"format": 3')
    assert refused(cast, packed(members)) == (
        "The archive is of format 3, and this installation reads format 2. Update it, then send "
        "the archive again."
    )


@pytest.mark.parametrize("name", ["groups.jsonl", "images/000000.zip", "records.jsonl"])
def test_a_changed_member(cast: Cast, archive: bytes, name: str) -> None:
    members = unpacked(archive)
    members[name] = members[name][:-2] + b" \n"
    assert refused(cast, packed(members)).startswith(
        f"The archive is damaged or was changed: {name} is not as it was exported."
    )


def test_members_too_many_and_too_few(cast: Cast, archive: bytes) -> None:
    more, fewer = unpacked(archive), unpacked(archive)
    more["../../etc/passwd"] = b"root"
    del fewer["groups.jsonl"]
    for members in (more, fewer):
        assert "it holds other files than it lists" in refused(cast, packed(members))


def test_a_noun_that_is_missing(cast: Cast, archive: bytes) -> None:
    def change(members: Members) -> None:
        del members["groups.jsonl"]

    assert "groups.jsonl is missing" in refused(cast, forged(archive, change))


@pytest.mark.parametrize(
    ("noun", "fields", "what"),
    [
        ("groups", {"name": "\0"}, "has a wrong “name”"),
        ("groups", {"meta_data": {"a": deep(100)}}, "has a wrong “meta_data”"),
        ("groups", {"meta_data": {"a": deep(900)}}, "has a wrong “meta_data”"),
        ("groups", {"name": " "}, "has a wrong “name”"),
        ("groups", {"meta_data": {"a": ["\0"]}}, "has a wrong “meta_data”"),
        ("groups", {"id": "../../secret"}, "has a wrong “id”"),
        ("groups", {"more": 1}, "has not the fields"),
        ("groups", {"type": "11111111-1111-4111-8111-111111111111"}, "does not fit"),
        ("regions", {"right": 1 << 40}, "has a wrong “right”"),
        ("regions", {"right": 100_000}, "does not fit"),
        ("regions", {"left": 10, "right": 10}, "does not fit"),
        ("groups", {"created": "0001-01-01T00:00:00+14:00"}, "has a wrong “created”"),
        ("tasks", {"created": "2024-01-01T00:00:00"}, "has a wrong “created”"),
        ("members", {"image": None, "region": None}, "does not fit"),
        ("tasks", {"types": ["11111111-1111-4111-8111-111111111111"]}, "does not fit"),
        ("versions", {"status": "TRAINING"}, "has a wrong “status”"),
        ("versions", {"trained": "yesterday"}, "has a wrong “trained”"),
        ("versions", {"dimension": 7}, "a version is not what its row says"),
        ("versions", {"metrics": {"a": {}}}, "the figures of a version are not such"),
        ("records", {"vector": "AAAA"}, "does not fit"),
        ("records", {"vector": "?"}, "has a wrong “vector”"),
    ],
)
def test_a_wrong_row(
    cast: Cast, archive: bytes, noun: str, fields: dict[str, Any], what: str
) -> None:
    assert what in refused(cast, forged(archive, first_row(noun, **fields)))


@pytest.mark.parametrize("noun", ["types", "groups", "members", "nestings", "tasks", "records"])
def test_a_row_that_comes_twice(cast: Cast, archive: bytes, noun: str) -> None:
    assert "does not fit what comes before it" in refused(cast, forged(archive, twice(noun)))


def test_fewer_rows_than_it_says(cast: Cast, archive: bytes) -> None:
    def change(members: Members) -> None:
        members["records.jsonl"] = b""

    assert "more or fewer rows" in refused(cast, forged(archive, change))


def test_a_group_in_itself(cast: Cast) -> None:
    kind = factories.make_type(cast.workspace)
    one, other = (factories.make_group(kind, name) for name in ("one", "other"))
    _, data = export(cast.workspace, cast.ann)
    rows = [{"parent": one, "child": other}, {"parent": other, "child": one}]
    lines = [json.dumps({side: str(group.pk) for side, group in row.items()}) for row in rows]

    def change(members: Members) -> None:
        members["nestings.jsonl"] = "\n".join(lines).encode()

    assert "a group of it lies in itself" in refused(cast, forged(data, change))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"right": 65}, "does not fit"),
        ({"left": 8}, "does not fit"),
        ({"image": "11111111-1111-4111-8111-111111111111"}, "does not fit"),
        ({"vector": 5}, "has a wrong “vector”"),
        ({"more": 1}, "has not the fields"),
    ],
)
def test_a_wrong_feature_of_a_region(
    cast: Cast, archive: bytes, fields: dict[str, Any], what: str
) -> None:
    change = in_pack(first_row("region_features", **fields))
    assert what in refused(cast, forged(archive, change))


def test_a_feature_of_a_region_twice(cast: Cast, archive: bytes) -> None:
    assert "does not fit" in refused(cast, forged(archive, in_pack(twice("region_features"))))


def test_features_of_regions_that_are_missing(cast: Cast, archive: bytes) -> None:
    def change(pack: Members) -> None:
        del pack["region_features.jsonl"]

    assert "more or fewer rows" in refused(cast, forged(archive, in_pack(change)))


def test_another_picture(cast: Cast, archive: bytes) -> None:
    def change(pack: Members) -> None:
        pack[next(iter(pack))] = drawn_png(5)

    assert "is not the one that was exported" in refused(cast, forged(archive, in_pack(change)))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<svg></svg>", "This is not an image that can be read here."),
        (drawn_png(5), "is not what its row says"),
    ],
)
def test_a_picture_that_is_none(cast: Cast, archive: bytes, data: bytes, what: str) -> None:
    assert what in refused(cast, forged(archive, in_pack(first_picture(data))))


def first_picture(data: bytes) -> Callable[[Members], None]:
    """Return a change of a pack's first picture, with its checksum."""

    def change(pack: Members) -> None:
        row = json.loads(pack["images.jsonl"].splitlines()[0])
        name = f"{row['id']}.{row['extension']}"
        digest = hashlib.sha256(data).hexdigest().encode()
        pack["images.jsonl"] = pack["images.jsonl"].replace(row["stored_sha256"].encode(), digest)
        pack[name] = data

    return change


def test_a_picture_that_breaks_off_stays_out_alone(cast: Cast, archive: bytes) -> None:
    data = forged(archive, in_pack(first_picture(drawn_jpeg(0)[:700])))
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.done, job.failed) == ("done", 8, 1)
    assert len(told(cast.elsewhere)["groups"]) == 8
    assert len(told(cast.elsewhere)["members"]) == 13


def test_more_pixels_than_are_taken(cast: Cast, archive: bytes, settings: Settings) -> None:
    settings.LIKEWISE_MAX_PIXELS = 100
    assert "pixels" in refused(cast, archive)


def test_a_collection_that_is_too_large(cast: Cast, archive: bytes, settings: Settings) -> None:
    settings.LIKEWISE_MAX_COLLECTION = 1
    _, job = bring(cast.elsewhere, archive, cast.charlie)
    assert job.message.startswith("A collection of the archive holds more than 1 records")
    assert not Image.objects.in_workspace(cast.elsewhere).exists()


@pytest.mark.parametrize("name", ["heads.npz", "manifest.json", "snapshot.json"])
def test_a_version_that_cannot_be_used(cast: Cast, archive: bytes, name: str) -> None:
    def change(members: Members) -> None:
        (path,) = [path for path in members if path.endswith(name)]
        members[path] = members[path][:-20]

    assert " version of it " in refused(cast, forged(archive, change))


def test_an_encoder_that_is_not_here(cast: Cast, archive: bytes) -> None:
    """The version comes in, and says what it lacks when it is used."""
    key = "own-0123456789ab"

    def change(members: Members) -> None:
        first_row("versions", encoder=key)(members)
        (path,) = [path for path in members if path.endswith("manifest.json")]
        members[path] = members[path].replace(b'"builtin-1"', f'"{key}"'.encode())

    _, job = bring(cast.elsewhere, forged(archive, change), cast.charlie)
    assert job.state == "done", job.message
    twin = Version.objects.in_workspace(cast.elsewhere).get()
    assert (twin.encoder, twin.status) == (key, "TRAINED")
    with pytest.raises(import_images.EncoderAbsent, match="not registered on this installation"):
        import_images.runtime.encoder(twin.encoder)


@pytest.mark.parametrize("opened", [0, 1])
def test_a_storage_that_is_away_costs_nothing_but_a_try(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch, opened: int
) -> None:
    """The job waits with its reason, what was sent stays, and the next try brings it in."""
    left = opened

    def away(name: str) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise StorageAway("The store does not answer: ReadTimeoutError.")
        return storage_open(name)

    storage_open = storage.open
    monkeypatch.setattr(chunks, "LARGEST", len(archive) // 2)
    monkeypatch.setattr(chunks, "STEP", len(archive) // 2)
    transfer, job = sent(cast.elsewhere, archive, cast.charlie)
    assert transfer.upload is not None
    kept = UploadChunk.objects.filter(part__upload=transfer.upload)
    count = kept.count()
    assert count > 1
    with monkeypatch.context() as patch:
        patch.setattr(storage, "open", away)
        with pytest.raises(StorageAway):
            run_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED
    assert "The store does not answer" in job.message
    assert kept.count() == count
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message


def many_rows(noun: str, count: int) -> Callable[[Members], None]:
    """Return a change that says the first row of a pack's noun so many times."""

    def change(pack: Members) -> None:
        first, _, _ = pack[f"{noun}.jsonl"].partition(b"\n")
        pack[f"{noun}.jsonl"] = (first + b"\n") * count

    return in_pack(change)


@pytest.mark.parametrize(("noun", "most"), [("images", 500), ("features", 1000)])
def test_a_pack_of_too_many_rows(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch, noun: str, most: int
) -> None:
    """They are refused as they are read: not even one more is kept."""
    monkeypatch.setattr(transfer_reading, "_MOST_ENCODERS", 2)
    sentence = f"a pack of it holds more {noun} than packs do"
    assert sentence in refused(cast, forged(archive, many_rows(noun, most + 1)))
    assert sentence not in refused(cast, forged(archive, many_rows(noun, most)))


@pytest.mark.parametrize("noun", ["images", "features"])
def test_a_pack_of_too_many_bytes(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch, noun: str
) -> None:
    monkeypatch.setattr(transfer_reading, "_MOST_OF_A_PACK", 100_000)
    message = refused(cast, forged(archive, many_rows(noun, 500)))
    assert "than packs do" in message


def test_a_picture_that_claims_more_pixels_than_any(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim(pack: Members) -> None:
        first, _, rest = pack["images.jsonl"].partition(b"\n")
        row = json.loads(first) | {"width": 1_000_000, "height": 1_000_000}
        pack["images.jsonl"] = json.dumps(row).encode() + b"\n" + rest

    def read(data: object, name: str, most: int) -> bytes:
        assert most < 300_000_000, "it would be read"
        return actual(data, name, most)  # type: ignore[arg-type]

    actual = transfer_reading._read
    monkeypatch.setattr(transfer_reading, "_read", read)
    assert "1000000 × 1000000 pixels" in refused(cast, forged(archive, in_pack(claim)))


def test_a_machine_out_of_handles_is_not_the_archives_fault(
    cast: Cast, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads a version covers an outage by an error of its own."""

    def load(folder: object) -> None:
        try:
            raise OSError(errno.EMFILE, "Too many open files")
        except OSError as error:
            raise BrokenArtifact(str(folder)) from error

    transfer, job = sent(cast.elsewhere, archive, cast.charlie)
    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "load", load)
        with pytest.raises(OSError, match="Too many open files"):
            run_job(str(job.pk))
    assert UploadChunk.objects.filter(part__upload=transfer.upload).exists()
