"""Manifests as people write them, and what is wrong with some."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.files import kinds, manifests
from dashboard.files.errors import BrokenManifest, FileRefused
from dashboard.files.manifests import plain_path, read_addresses, read_manifest


def rows(text, encoding="utf-8"):
    return [*read_manifest(io.BytesIO(text.encode(encoding)))]


# It works


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_it_works(delimiter, encoding):
    lines = [["FILE", " Group ", "Test", "real", "Größe"], ["a/1.jpg", "rot", "Yes", "0", "4 cm"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    [row] = rows(text, encoding)
    assert (row.number, row.file, row.group, row.test, row.real) == (
        0,
        "a/1.jpg",
        "rot",
        True,
        False,
    )
    assert (row.meta_data, row.wrong) == ({"Größe": "4 cm"}, {})


def test_a_comma_inside_a_cell_is_no_delimiter():
    [row] = rows('file;colour\n1.jpg;"red, or so; perhaps"\n')
    assert row.meta_data == {"colour": "red, or so; perhaps"}


def test_json_keeps_its_types():
    [row] = rows('[{"File": "1.jpg", "test": true, "real": 0, "size": {"w": 1}, "empty": null}]')
    assert (row.test, row.real, row.meta_data) == (True, False, {"size": {"w": 1}})


def test_json_lines_may_have_empty_ones():
    assert [
        row.url for row in rows('{"url": "https://a.example/1"}\n\n{"url": "https://b.example"}')
    ] == [
        "https://a.example/1",
        "https://b.example",
    ]


def test_empty_cells_say_nothing():
    [row] = rows("file,group,test,real,colour\n1.jpg,,,,\n")
    assert (row.group, row.test, row.real, row.meta_data) == ("", None, None, {})


def test_addresses_come_one_a_line():
    text = b"\xef\xbb\xbfhttps://a.example/1.jpg \r\n\n# mine\nhttps://b.example/\n"
    assert [(row.number, row.url) for row in read_addresses(io.BytesIO(text))] == [
        (0, "https://a.example/1.jpg"),
        (1, "https://b.example/"),
    ]


@pytest.mark.parametrize(
    ("path", "plain"),
    [("./a//1.jpg", "a/1.jpg"), ("a\\b\\1.jpg", "a/b/1.jpg"), ("/1.jpg", "1.jpg"), ("", "")],
)
def test_paths_of_all_systems_are_compared(path, plain):
    assert plain_path(path) == plain


# Values that cannot be meant


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("file,test\n1.jpg,maybe", "test", "Its test is “maybe”: write yes or no."),
        ("file,group\n1.jpg," + "x" * 256, "group", "longer than 255 characters"),
        ("file,group\n,A", "row", "neither a file nor an address"),
        ("file,url\n1.jpg,https://a.example", "row", "a file and an address"),
        ("file\n1.jpg,A,B", "row", "more cells"),
        ("url\nftp://a.example", "url", "Only addresses with http"),
        ("url\nhttp://user:secret@a.example", "url", "name or password"),
        ("url\nhttp://127.0.0.1/1.jpg", "url", "private network"),
        ("url\nhttp://[::1]/1.jpg", "url", "private network"),
        ('[{"file": ["1.jpg"]}]', "file", "Its file is no text."),
    ],
)
def test_a_row_says_what_is_wrong(text, column, sentence):
    [row] = rows(text)
    assert sentence in row.wrong[column]


# Tables that cannot be read


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "neither a column “file” nor"),
        ("name,group\n1.jpg,A", "neither a column “file” nor"),
        ('[{"file": "1.jpg"', "no JSON that can be read"),
        ('{"file": "1.jpg"}\n{"file"', "line 2"),
        ('["1.jpg"]', "record 1 is none"),
        ("file\n" + "x" * 200_000, "no table that can be read"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(text, sentence):
    with pytest.raises(BrokenManifest, match=sentence):
        rows(text)


def test_another_encoding_says_so():
    with pytest.raises(BrokenManifest, match="UTF-8"):
        [*read_manifest(io.BytesIO("file\nGrün.jpg".encode("latin-1")))]


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(manifests, "MAX_ROWS", 2)
    with pytest.raises(BrokenManifest, match="more than 2 rows"):
        rows("file\n1\n2\n3\n")
    with pytest.raises(BrokenManifest, match="more than 2 addresses"):
        [*read_addresses(io.BytesIO(b"a\nb\nc\n"))]


def test_a_large_array_is_refused(monkeypatch):
    monkeypatch.setattr(manifests, "MAX_ARRAY", 10)
    with pytest.raises(BrokenManifest, match="JSON Lines"):
        rows('[{"file": "1.jpg"}]')


@given(st.binary(max_size=300), st.sampled_from([b"", b"file,test\n", b"[", b'{"file":']))
def test_whatever_comes_is_read_or_refused_in_words(data, start):
    for read in (read_manifest, read_addresses):
        with contextlib.suppress(FileRefused):
            for row in read(io.BytesIO(start + data)):
                assert all(row.wrong.values())


# What a file is


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.jpg", b"\xff\xd8\xff", "picture"),
        ("a", b"PK\x03\x04", "archive"),
        ("a.jpg", b"\x1f\x8b", "archive"),
        ("a", b"\0" * 257 + b"ustar", "archive"),
        ("A.CSV", b"file", "manifest"),
        ("a.jsonl", b"{", "manifest"),
        ("a.txt", b"\xef\xbb\xbf\r\nHTTPS://a.example", "addresses"),
        ("a.txt", b"hello", "picture"),
        ("a.jpg", b"", "picture"),
    ],
)
def test_what_a_file_is(name, head, kind):
    assert kinds.kind_of(name, head) == kind
