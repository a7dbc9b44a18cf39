"""An archive that was not written here, or was changed since, changes nothing."""

import json
from typing import Any

import pytest

from dashboard.models import Version
from dashboard.services.exchange import import_images
from tests import factories
from tests.factories import Cast, drawn_jpeg, drawn_png
from tests.services.exchange.forging import (
    Members,
    deep,
    first_picture,
    first_row,
    forged,
    in_pack,
    packed,
    refused,
    twice,
    unpacked,
)
from tests.transfers import bring, export, told


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
    assert refused(cast, as_sent_by(form)).startswith("This is not a complete archive")


def test_the_beginning_of_one(cast: Cast, archive: bytes) -> None:
    assert refused(cast, archive[: len(archive) // 2]).startswith("This is not a complete archive")


def test_a_newer_format(cast: Cast, archive: bytes) -> None:
    members = unpacked(archive)
    members["likewise.json"] = members["likewise.json"].replace(b'"format": 3', b'"format": 4')
    assert refused(cast, packed(members)) == (
        "The archive has format 4, and this installation reads format 3. Update the installation, "
        "then upload the archive again."
    )


@pytest.mark.parametrize("name", ["groups.jsonl", "images/000000.zip", "records.jsonl"])
def test_a_changed_member(cast: Cast, archive: bytes, name: str) -> None:
    members = unpacked(archive)
    members[name] = members[name][:-2] + b" \n"
    assert refused(cast, packed(members)).startswith(
        f"The archive is damaged or was changed: {name} differs from what was exported."
    )


def test_members_too_many_and_too_few(cast: Cast, archive: bytes) -> None:
    more, fewer = unpacked(archive), unpacked(archive)
    more["../../etc/passwd"] = b"root"
    del fewer["groups.jsonl"]
    for members in (more, fewer):
        assert "it contains other files than it lists" in refused(cast, packed(members))


def test_a_noun_that_is_missing(cast: Cast, archive: bytes) -> None:
    def change(members: Members) -> None:
        del members["groups.jsonl"]

    assert "groups.jsonl is missing" in refused(cast, forged(archive, change))


@pytest.mark.parametrize(
    ("noun", "fields", "what"),
    [
        ("groups", {"name": "\0"}, "has an invalid “name”"),
        ("groups", {"meta_data": {"a": deep(100)}}, "has an invalid “meta_data”"),
        ("groups", {"meta_data": {"a": deep(900)}}, "has an invalid “meta_data”"),
        ("groups", {"name": " "}, "has an invalid “name”"),
        ("groups", {"meta_data": {"a": ["\0"]}}, "has an invalid “meta_data”"),
        ("groups", {"id": "../../secret"}, "has an invalid “id”"),
        ("groups", {"more": 1}, "lacks fields"),
        ("groups", {"type": "11111111-1111-4111-8111-111111111111"}, "does not fit"),
        ("regions", {"right": 1 << 40}, "has an invalid “right”"),
        ("regions", {"right": 100_000}, "does not fit"),
        ("regions", {"left": 10, "right": 10}, "does not fit"),
        ("groups", {"created": "0001-01-01T00:00:00+14:00"}, "has an invalid “created”"),
        ("tasks", {"created": "2024-01-01T00:00:00"}, "has an invalid “created”"),
        ("members", {"image": None, "region": None}, "does not fit"),
        ("tasks", {"types": ["11111111-1111-4111-8111-111111111111"]}, "does not fit"),
        ("versions", {"status": "TRAINING"}, "has an invalid “status”"),
        ("versions", {"trained": "yesterday"}, "has an invalid “trained”"),
        ("versions", {"dimension": 7}, "a version does not match its row"),
        ("versions", {"metrics": {"a": {}}}, "the figures of a version are not valid"),
        ("records", {"vector": "AAAA"}, "does not fit"),
        ("records", {"vector": "?"}, "has an invalid “vector”"),
    ],
)
def test_a_wrong_row(
    cast: Cast, archive: bytes, noun: str, fields: dict[str, Any], what: str
) -> None:
    assert what in refused(cast, forged(archive, first_row(noun, **fields)))


@pytest.mark.parametrize("noun", ["types", "groups", "members", "nestings", "tasks", "records"])
def test_a_row_that_comes_twice(cast: Cast, archive: bytes, noun: str) -> None:
    assert "does not fit the lines before it" in refused(cast, forged(archive, twice(noun)))


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

    assert "a group of it contains itself" in refused(cast, forged(data, change))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"right": 65}, "does not fit"),
        ({"left": 8}, "does not fit"),
        ({"image": "11111111-1111-4111-8111-111111111111"}, "does not fit"),
        ({"vector": 5}, "has an invalid “vector”"),
        ({"more": 1}, "lacks fields"),
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
        (b"<svg></svg>", "This is not a supported image."),
        (drawn_png(5), "does not match its row"),
    ],
)
def test_a_picture_that_is_none(cast: Cast, archive: bytes, data: bytes, what: str) -> None:
    assert what in refused(cast, forged(archive, in_pack(first_picture(data))))


def test_a_picture_that_breaks_off_stays_out_alone(cast: Cast, archive: bytes) -> None:
    data = forged(archive, in_pack(first_picture(drawn_jpeg(0)[:700])))
    _, job = bring(cast.elsewhere, data, cast.charlie)
    assert (job.state, job.done, job.failed) == ("done", 8, 1)
    assert len(told(cast.elsewhere)["groups"]) == 8
    assert len(told(cast.elsewhere)["members"]) == 13


@pytest.mark.parametrize("name", ["heads.npz", "manifest.json", "snapshot.json"])
def test_a_version_that_cannot_be_used(cast: Cast, archive: bytes, name: str) -> None:
    def change(members: Members) -> None:
        (path,) = [path for path in members if path.endswith(name)]
        members[path] = members[path][:-20]

    assert "one of its versions " in refused(cast, forged(archive, change))


def test_an_encoder_that_is_not_here(cast: Cast, archive: bytes) -> None:
    """The version comes in, and says what it lacks when it is used."""
    key = "own-0123456789ab"

    def change(members: Members) -> None:
        first_row("versions", encoder=key)(members)
        (path,) = [path for path in members if path.endswith("manifest.json")]
        members[path] = members[path].replace(b'"builtin-1+photo-1"', f'"{key}"'.encode())

    _, job = bring(cast.elsewhere, forged(archive, change), cast.charlie)
    assert job.state == "done", job.message
    twin = Version.objects.in_workspace(cast.elsewhere).get()
    assert (twin.encoder, twin.status) == (key, "TRAINED")
    with pytest.raises(import_images.EncoderAbsent, match="not registered on this server"):
        import_images.runtime.encoder(twin.encoder)
