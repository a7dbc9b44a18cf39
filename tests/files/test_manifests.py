"""Manifests as people write them, and what is wrong with some."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.files.errors import BrokenManifest, FileRefused
from dashboard.files.images import kinds
from dashboard.files.tables import manifests
from dashboard.files.tables.manifests import plain_path, read_addresses, read_manifest


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
        ("file,test\n1.jpg,maybe", "test", "Its test is “maybe”. Write yes or no."),
        ("file,group\n1.jpg," + "x" * 256, "group", "more than 255 characters"),
        ("file,group\n,A", "name", "Row 1 has neither a file nor a URL."),
        ("file,url\n1.jpg,https://a.example", "row", "a file and a URL"),
        ("file\n1.jpg,A,B", "row", "more cells"),
        ("url\nftp://a.example", "url", "Only URLs with http"),
        ("url\nhttp://user:secret@a.example", "url", "name or password"),
        ("url\nhttp://127.0.0.1/1.jpg", "url", "private network"),
        ("url\nhttp://[::1]/1.jpg", "url", "private network"),
        ('[{"file": ["1.jpg"]}]', "name", "Its file is not text."),
        ("file,,group\n1.jpg,x,A", "row", "a value in a column without a name"),
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
        ('[{"file": "1.jpg"', "not valid JSON"),
        ('{"file": "1.jpg"}\n{"file"', "line 2"),
        ('["1.jpg"]', "record 1 is not one"),
        ("file\n" + "x" * 200_000, "not a table that can be read"),
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
    with pytest.raises(BrokenManifest, match="more than 2 URLs"):
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


# What the API would refuse, and what would take much memory


def nested(levels):
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ('"\\u0000"', "null character"),
        ('{"a": ["x\\u0000y"]}', "null character"),
        ('{"a\\u0000b": 1}', "null character"),
        ("18446744073709551616", "beyond 64 bits"),
        ("[-1e30]", "beyond 64 bits"),
        (nested(100), "at most 100 levels"),
        (nested(1000), "at most 100 levels"),
        ('"' + "x" * 64_000 + '"', "larger than 64 KB"),
    ],
)
@pytest.mark.parametrize(
    "form", ['[{{"file": "1.jpg", "m": {0}}}, {1}]', '{{"file": "1.jpg", "m": {0}}}\n{1}']
)
def test_a_row_that_cannot_be_kept_fails_alone(form, value, sentence):
    first, second = rows(form.format(value, '{"file": "2.jpg", "m": 1}'))
    assert sentence in first.wrong["row"]
    assert (first.file, first.meta_data) == ("1.jpg", {})
    assert (second.file, second.meta_data, second.wrong) == ("2.jpg", {"m": 1}, {})


@pytest.mark.parametrize(
    "value", ["9223372036854775807", "1e18", nested(99), '"' + "x" * 63_000 + '"']
)
def test_what_the_api_takes_is_taken(value):
    [row] = rows(f'[{{"file": "1.jpg", "m": {value}}}]')
    assert row.wrong == {}
    assert row.meta_data


def test_a_null_character_is_kept_nowhere():
    lines = [
        *("file,url,group,test,colour", "1\0.jpg,,a\0b,n\0o,"),
        *(",https://a.example/\0.jpg,,may\0be,", "3.jpg,,,,x\0y"),
    ]
    found = [*rows("\n".join(lines)), *read_addresses(io.BytesIO(b"https://a.example/x\x00.jpg\n"))]
    assert "\0" not in repr(found)
    assert "\\x00" not in repr(found)
    assert [*found[1].wrong] == ["url", "test"]
    assert [*found[2].wrong] == ["row"]
    assert found[3].wrong == {"url": "Its URL contains a null character."}


def test_a_mark_that_is_nested_deep_is_wrong_alone():
    [row] = rows(f'[{{"file": "1.jpg", "test": {nested(1000)}}}]')
    assert row.wrong == {"test": "Its test is not text. Write yes or no."}


class Endless(io.RawIOBase):
    """A file of gigabytes, of which it counts how much was read."""

    def __init__(self, start, filling):
        self.start, self.filling, self.read_so_far, self.at = start, filling, 0, 0

    def read(self, size=-1):
        assert 0 <= size <= 1 << 20
        self.read_so_far += size
        assert self.read_so_far < 10 << 20, "it is read to its end"
        pattern = self.filling * (size // len(self.filling) + 2)
        begin = self.start[self.at : self.at + size]
        shift = max(0, self.at - len(self.start)) % len(self.filling)
        self.at += size
        return begin + pattern[shift : shift + size - len(begin)]

    def seek(self, place, whence=0):
        self.at = place
        return place

    def tell(self):
        return self.at


@pytest.mark.parametrize(
    ("start", "filling"),
    [
        (b"file,colour\n1.jpg,", b"x"),
        (b"file,colour", b","),
        (b"file,colour\n1.jpg", b',"\n"'),
        (b'{"file": "1.jpg", "colour": "', b"x"),
    ],
    ids=["a cell", "the columns", "a row over many lines", "JSON Lines"],
)
def test_a_line_without_an_end_is_not_read(start, filling):
    with pytest.raises(BrokenManifest, match=r"a row of more than 1 MB|field larger than"):
        [*read_manifest(Endless(start, filling))]


def test_many_empty_lines_are_no_row():
    text = "file\n1.jpg\n" + "\n" * (manifests.MAX_LINE + 10) + "2.jpg\n"
    assert [row.file for row in rows(text)] == ["1.jpg", "2.jpg"]


# As spreadsheets and people write them


def read(text):
    return [(row.number, row.file, row.group, row.meta_data, row.wrong) for row in rows(text)]


def test_rows_of_nothing_are_passed_over_and_counted():
    text = "\r\n;;;\r\nfile;group;colour;\r\n1.png;A;red;\r\n;;;\r\n ; ;;\r\n2.png;A;;\r\n;;;\r\n"
    assert read(text) == [(0, "1.png", "A", {"colour": "red"}, {}), (3, "2.png", "A", {}, {})]


def test_rows_of_nothing_do_not_count_against_the_limit(monkeypatch):
    monkeypatch.setattr(manifests, "MAX_ROWS", 1)
    assert len(read("file,group\n1.jpg,A\n" + ",\n" * 50)) == 1


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_that_tells_the_separator_is_no_header(line, end):
    text = end.join([line, "file;group, or not", "1.png;A", ""])
    assert read(text) == [(0, "1.png", "", {"group, or not": "A"}, {})]


def test_a_column_of_that_name_is_a_column():
    assert read("sep=,file\nx,1.png\n") == [(0, "1.png", "", {"sep=": "x"}, {})]


def test_a_space_may_stand_before_a_quote():
    text = 'file, group, colour\n"1.png", "red, or ""blue""", light\n'
    assert read(text) == [(0, "1.png", 'red, or "blue"', {"colour": "light"}, {})]


def test_a_cell_may_go_over_lines():
    assert read('file,note\n1.png,"one\ntwo"\n2.png,\n') == [
        (0, "1.png", "", {"note": "one\ntwo"}, {}),
        (1, "2.png", "", {}, {}),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_tab_separated_values_in_any_unicode_are_read(encoding):
    found = rows("file\tgroup\nŁódź.png\tČeština\n", encoding)
    assert [(row.file, row.group) for row in found] == [("Łódź.png", "Čeština")]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ("file,group,group", "has the column “group” twice"),
        ("file,Colour,colour,Colour", "has the column “Colour” twice"),
        ("file,Group, group", "has the column “group” twice"),
        ("file,path", "“file” and “path” of the manifest have the same meaning"),
    ],
)
def test_a_column_that_would_be_lost_is_refused_by_its_name(columns, sentence):
    with pytest.raises(BrokenManifest, match=sentence):
        rows(f"{columns}\n1.png,A,B,C\n")


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ('{"records": [{"file": "1.png"}, {"file": "2.png"}]}', ["1.png", "2.png"]),
        ('{\n "version": 2,\n "items": [\n {"file": "1.png"}\n ]\n}\n', ["1.png"]),
        ('{"images": [{"file_name": "1.png"}], "annotations": [{"id": 1}]}', ["1.png"]),
        ('{\n "file": "1.png",\n "tags": [{"file": "x"}]\n}', ["1.png"]),
        ('{"file": "1.png", "tags": ["a"]}', ["1.png"]),
        ('{"file": "1.png"}\n\n{"file": "2.png"}\n', ["1.png", "2.png"]),
        ('{"records": []}', []),
    ],
)
def test_an_object_with_a_list_is_that_list(text, files):
    assert [row.file for row in rows(text)] == files


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": [{"file": "1"}], "b": [{"file": "2"}]}', "several lists: “a”, “b”"),
        ('{"a": [1], "b": [2]}', "several lists: “a”, “b”"),
        ('{"a": ["1.png"]}', "record 1 is not one"),
        ('{\n"a": [\n', "in the object"),
        ('{"a"\n{"file": "1.png"}\n', "in line 1"),
    ],
)
def test_an_object_without_one_list_says_why(text, sentence):
    with pytest.raises(BrokenManifest, match=sentence):
        rows(text)


@pytest.mark.parametrize("no_number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("form", ["[{}]", "{}\n", '{{"records": [{}]}}'])
def test_no_number_is_no_value(form, no_number):
    record = f'{{"file": "1.png", "price": {no_number}, "said": "NaN"}}'
    assert read(form.format(record)) == [(0, "1.png", "", {"said": "NaN"}, {})]


@pytest.mark.parametrize("value", ['"\\ud800"', "1" * 5000, nested(100_000)])
def test_beside_no_number_nothing_else_is_let_through(value):
    with pytest.raises(BrokenManifest, match="not valid JSON"):
        rows(f'[{{"file": "1.png", "a": NaN, "b": {value}}}]')


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("file:///C:/my%20photos/1.png", "C:/my photos/1.png"),
        ("FILE://server/share/1.png", "server/share/1.png"),
        ("/a//b/./1.png", "a/b/1.png"),
        ("50%20off/1.png", "50%20off/1.png"),
        (" ./ ", ""),
    ],
)
def test_a_path_of_any_system_is_plain(path, plain):
    assert plain_path(path) == plain


def test_an_address_of_a_file_is_a_file():
    assert read("url,group\nfile:///a/1.png,A\n")[0][1:3] == ("file:///a/1.png", "A")
