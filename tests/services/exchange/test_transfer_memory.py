"""An archive that was made to take memory is refused in one sentence, before it takes it."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from dashboard.engine import artifacts
from dashboard.files.errors import ForeignTransfer
from dashboard.files.exchange.transfer_reading import TransferReader
from dashboard.files.tables.json_values import count_values, text_has_more_values
from dashboard.services.exchange import import_check
from tests.factories import Cast
from tests.services.exchange.forging import Members, forged, in_pack, packed, refused, unpacked

MANY = 5_000_000  # empty objects: 15 MB of text, and 400 MB once they are built
MOST = 120_000_000


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Give what tells the most bytes that Python held since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def bomb() -> bytes:
    return b"[" + b"{}," * MANY + b"{}]"


def in_row(noun: str, field: str) -> Callable[[Members], None]:
    """Return a change that puts the bomb into a field of the noun's first row."""

    def change(members: Members) -> None:
        first, *rest = members[f"{noun}.jsonl"].splitlines()
        row = json.dumps(json.loads(first) | {field: "HERE"}).encode()
        members[f"{noun}.jsonl"] = b"\n".join([row.replace(b'"HERE"', bomb()), *rest]) + b"\n"

    return change


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("noun", "field"), [("groups", "meta_data"), ("regions", "meta_data"), ("records", "fields")]
)
def test_a_row_of_many_values(
    cast: Cast, archive: bytes, peak: Callable[[], int], noun: str, field: str
) -> None:
    data = forged(archive, in_row(noun, field))
    tracemalloc.reset_peak()
    assert f"line 1 of the {noun} has too many values" in refused(cast, data)
    assert peak() < MOST


@pytest.mark.django_db(transaction=True)
def test_a_pack_of_many_values(cast: Cast, archive: bytes, peak: Callable[[], int]) -> None:
    """Each line may have them, all of them together not."""

    def many(pack: Members) -> None:
        first, _, _ = pack["images.jsonl"].partition(b"\n")
        row = json.dumps(json.loads(first) | {"meta_data": "HERE"}).encode()
        values = b'{"a":[' + b"{}," * 400_000 + b"{}]}"
        pack["images.jsonl"] = (row.replace(b'"HERE"', values) + b"\n") * 20

    data = forged(archive, in_pack(many))
    tracemalloc.reset_peak()
    assert "has more images than allowed" in refused(cast, data)
    assert peak() < 3 * MOST  # two million empty objects


def test_a_list_of_members_of_many_values(archive: bytes, peak: Callable[[], int]) -> None:
    members = unpacked(archive)
    manifest = members["likewise.json"].rstrip()[:-1]
    members["likewise.json"] = manifest + b',"more":' + bomb() + b"}"
    data = packed(members)
    tracemalloc.reset_peak()
    with pytest.raises(ForeignTransfer):
        TransferReader(io.BytesIO(data))
    assert peak() < MOST


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["manifest.json", "snapshot.json"])
def test_a_version_of_many_values(
    cast: Cast, archive: bytes, peak: Callable[[], int], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(import_check.MOST_VALUES, name, 200_000)

    def change(members: Members) -> None:
        for path in members:
            if path.endswith("/" + name):
                members[path] = b'{"types":{},"images":' + bomb() + b"}"

    data = forged(archive, change)
    tracemalloc.reset_peak()
    assert f"/{name} has too many values" in refused(cast, data)
    assert peak() < MOST


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shape", [(1 << 45,), (1 << 22, 1 << 22)])
def test_an_array_that_says_it_is_larger(
    cast: Cast, archive: bytes, shape: tuple[int, ...]
) -> None:
    """Numpy would ask for terabytes, and the job would be tried again as if memory were short."""

    def change(members: Members) -> None:
        for path in members:
            if path.endswith("/" + artifacts.ARRAYS):
                members[path] = lying(shape)

    assert "packed in an unknown way" in refused(cast, forged(archive, change))


def lying(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as arrays, arrays.open("mean_0.npy", "w") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(100))
    return stream.getvalue()


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_packing_that_takes_memory_of_its_own(archive: bytes, packing: int) -> None:
    """The header of an LZMA member may ask for four gigabytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as other:
        for name, member in unpacked(archive).items():
            other.writestr(name, member)
    with pytest.raises(ForeignTransfer):
        TransferReader(stream)


def test_values_are_counted_as_json_has_them() -> None:
    assert count_values(b"7") == 1
    assert count_values(b'{"a": [1, 2, {"b": null}], "c": ",[{"}') == 7
    assert count_values(rb'["\"", "\\", ",,,,"]') == 4
    assert not text_has_more_values(b'["' + b"," * 1000 + b'"]', 2)
    assert text_has_more_values(b"[" + b"{}," * 10 + b"{}]", 11)
    # Of a text without an end no value is built.
    assert not text_has_more_values(b'"' + b"," * 500_000, 10)
