"""What manifests say of files, inside an archive or beside it, once or twice."""

import json
from collections.abc import Mapping

import pytest

from dashboard.files.tables import manifests
from dashboard.models import Group, Image, Job, SimilarityType, Upload, UploadFile
from dashboard.services.jobs import jobs
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.images import pictures
from dashboard.services.uploads import batches as upload_batches
from dashboard.services.uploads import matching as upload_matching
from dashboard.services.uploads import plans as upload_plans
from dashboard.services.uploads import uploads
from dashboard.services.uploads.listing import list_parts
from dashboard.services.uploads.mending import Mended, leave_out, mend_file
from dashboard.services.uploads.plans import start_plan
from dashboard.services.uploads.receiving_end import finish_receiving
from dashboard.services.uploads.uploads import retry_upload
from tests.factories import Cast, drawn_jpeg, make_type
from tests.services.uploads.uploaded import (
    SHOES,
    add_part,
    brought_in,
    committed,
    groups,
    planned,
    ran,
    reasons,
    received,
    tarred,
    zipped,
)


def image(seed: int) -> Image:
    return Image.objects.get(sha256=pictures.sha256(drawn_jpeg(seed)))


def told(upload: Upload) -> list[tuple[str, str]]:
    return [*upload.files.order_by("name", "group_name").values_list("name", "group_name")]


# Inside an archive


@pytest.mark.parametrize("pack", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("is_first", [True, False])
def test_it_works(cast: Cast, pack: str, *, is_first: bool) -> None:
    """One archive is a whole import: pictures, groups, types, marks and meta data."""
    manifest = {
        "shoes/all.csv": b"file,group,type,test,real,colour\n"
        b"red/1.jpg,A,Shape,yes,no,red\nred/1.jpg,B,Shade,,,\n3.jpg,A,Shape,,,blue\n"
    }
    files = manifest | SHOES if is_first else SHOES | manifest
    data = zipped(files) if pack == "zip" else tarred(files, pack)
    upload = received(cast, {"shoes.bin": data}, new_type_name="Folder")
    assert planned(upload).message == "3 new, 1 already in the workspace, 0 with errors."
    assert committed(upload).message == "3 added, 1 already in the workspace."
    assert groups(SimilarityType.objects.get(name="Shape")) == {"A": 2}
    assert groups(SimilarityType.objects.get(name="Shade")) == {"B": 1}
    assert groups(SimilarityType.objects.get(name="Folder")) == {"red": 1}
    first, third = image(1), image(3)
    assert (first.test_image, first.real, first.meta_data) == (True, False, {"colour": "red"})
    assert (third.test_image, third.real, third.meta_data) == (False, True, {"colour": "blue"})
    assert first.file_name == "1.jpg"


def test_without_a_plan_it_is_read_too(cast: Cast) -> None:
    data = zipped({"m.json": json.dumps([{"file": "1.jpg", "group": "A"}]).encode()} | SHOES)
    kind = make_type(cast.workspace)
    upload = received(cast, {"shoes.zip": data}, similarity_type=kind, auto_commit=True)
    assert brought_in(upload).message == "3 added."
    assert groups(kind) == {"A": 1, "red": 1, "blue": 1}


def test_its_own_folder_comes_first_then_the_root(cast: Cast) -> None:
    files = {
        "a/1.jpg": drawn_jpeg(1),
        "a/m.csv": b"file,group\n1.jpg,own\nb/1.jpg,root\n../c/1.jpg,up\n",
        "b/1.jpg": drawn_jpeg(2),
        "b/m.jsonl": b'{"file": ".\\\\2.jpg", "group": "windows"}\n',
        "b/2.jpg": drawn_jpeg(3),
        "c/1.jpg": drawn_jpeg(4),
    }
    upload = received(cast, {"x.zip": zipped(files)})
    assert planned(upload).message == "4 new, 0 already in the workspace, 0 with errors."
    assert told(upload) == [
        ("a/1.jpg", "own"),
        ("b/1.jpg", "root"),
        ("b/2.jpg", "windows"),
        ("c/1.jpg", "up"),
    ]


def test_it_tells_of_its_own_archive_alone(cast: Cast) -> None:
    one = zipped({"m.csv": b"file,group\n1.jpg,A\n2.jpg,A\n", "1.jpg": drawn_jpeg(1)})
    other = zipped({"1.jpg": drawn_jpeg(3), "m.csv": b"file,group\n1.jpg,B\n"})
    upload = received(cast, {"a.zip": one, "b.zip": other, "2.jpg": drawn_jpeg(2)})
    assert planned(upload).message == "3 new, 0 already in the workspace, 1 with errors."
    assert told(upload) == [("1.jpg", "A"), ("1.jpg", "B"), ("2.jpg", ""), ("2.jpg", "A")]
    assert "not in its archive" in reasons(upload)["2.jpg"]
    add_part(upload, "sub/2.jpg", drawn_jpeg(4))
    assert planned(upload).message == "4 new, 0 already in the workspace, 1 with errors."
    assert committed(upload).message == "4 added, 1 failed."


def test_a_wrapper_is_told_by_the_pictures(cast: Cast) -> None:
    """A manifest beside the one folder is no reason to keep that folder's name in the groups."""
    kind = make_type(cast.workspace)
    manifest = {"m.csv": b"file,group\nshoes/red/1.jpg,shoes/kept\nurl.jpg,\n"}
    upload = received(cast, {"a.zip": zipped(manifest | SHOES)}, similarity_type=kind)
    planned(upload)
    committed(upload)
    assert groups(kind) == {"shoes/kept": 1, "red": 1, "blue": 1}


def test_addresses_in_it_are_not_opened(cast: Cast) -> None:
    manifest = b"url,group\nhttps://pictures.example/1.jpg,A\nhttp://10.0.0.1/2.jpg,A\n"
    upload = received(cast, {"a.zip": zipped({"m.csv": manifest})})
    assert planned(upload).message == "1 new, 0 already in the workspace, 1 with errors."
    assert "private network" in reasons(upload)["2.jpg"]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("notes.csv", b"name,price\nred,3\n", "neither a column “file” nor a column “url”"),
        ("notes.tsv", b"", "neither a column “file” nor a column “url”"),
        ("info.json", b'{"name": "shoes", "licence": "CC0"}', "has a “file” or a “url”"),
        ("info.json", b'{\n  "name": "shoes"\n}', "has a “file” or a “url”"),
        ("info.json", b'{\n  "name": "shoes"\n', "not valid JSON, in the object"),
        ("list.json", b"[1, 2]", "record 1 is not one"),
        ("m.csv", b"file\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_a_table_that_is_no_manifest_is_one_row_in_error(
    cast: Cast, name: str, text: bytes, sentence: str
) -> None:
    kind = make_type(cast.workspace)
    files = SHOES | {f"shoes/{name}": text}
    upload = received(cast, {"a.zip": zipped(files)}, similarity_type=kind)
    assert planned(upload).message == "3 new, 0 already in the workspace, 1 with errors."
    reason = reasons(upload)[f"shoes/{name}"]
    assert reason.startswith("It is not an image, and not a manifest that can be read.")
    assert sentence in reason
    assert committed(upload).message == "3 added, 1 failed."
    assert groups(kind) == {"red": 2, "blue": 1}


def test_what_was_read_of_a_damaged_one_counts(cast: Cast) -> None:
    lines = [json.dumps({"file": f"{n}.jpg", "group": "A"}) for n in range(30)]
    files = {f"{n}.jpg": drawn_jpeg(n) for n in range(30)}
    text = "\n".join([*lines, "{"]).encode()
    upload = received(cast, {"a.zip": zipped({"m.json": text} | files)})
    assert planned(upload).message == "30 new, 0 already in the workspace, 1 with errors."
    assert set(upload.files.exclude(name="m.json").values_list("group_name", flat=True)) == {"A"}
    assert "line 31" in reasons(upload)["m.json"]


def test_values_that_cannot_be_meant_are_told(cast: Cast) -> None:
    long = "d" * 255
    manifest = f"file,test\n1.jpg,maybe\n{'x/' * 500}2.jpg,\n,yes\n".encode()
    files = {f"{long}/m.csv": manifest, f"{long}/1.jpg": drawn_jpeg(1)}
    upload = received(cast, {"a.zip": zipped(files)})
    assert planned(upload).message == "0 new, 0 already in the workspace, 3 with errors."
    assert sorted(reasons(upload).values()) == [
        "Its test is “maybe”. Write yes or no.",
        "Row 3 has neither a file nor a URL.",
        "The folder of the manifest and the name have more than 1,024 characters in all.",
    ]


def test_all_manifests_of_an_archive_share_a_limit(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "MAX_ROWS", 3)
    rows = b"file\n1.jpg\n1.jpg\n"
    files = {"a.csv": rows, "b.csv": rows, "1.jpg": drawn_jpeg(1)}
    upload = received(cast, {"a.zip": zipped(files)})
    planned(upload)
    assert "more than 3 rows" in reasons(upload)["b.csv"]
    assert upload.files.filter(name="1.jpg").count() == 3


@pytest.mark.parametrize("step", range(1, 11))
def test_after_a_kill_it_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The worker dies at each of its reports in turn; the next one ends what it began."""
    monkeypatch.setattr(upload_plans, "FILES_PER_BATCH", 2)
    inside = {"shoes/m.csv": b"file,group,type\nred/1.jpg,A,Shape\n1.jpg,B,Shade\n9.jpg,A,\n"}
    beside = b"file,group\n2.jpg,C\n1.jpg,D\n"
    files = {"a.tar": tarred(inside | SHOES), "m.csv": beside}
    upload = received(cast, files)
    job = start_plan(upload=upload, actor=cast.bob)
    whole, calls = jobs.Handle.report, []

    def die(handle: jobs.Handle, **fields: object) -> None:
        whole(handle, **fields)
        calls.append(fields)
        if len(calls) == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs.Handle, "report", die)
        with pytest.raises(KeyboardInterrupt):
            ran(job)
    assert ran(job).message == "3 new, 2 already in the workspace, 1 with errors."
    assert told(upload) == [
        ("9.jpg", "A"),
        ("shoes/blue/3.jpg", "blue"),
        ("shoes/red/1.jpg", "A"),
        ("shoes/red/1.jpg", "B"),
        ("shoes/red/1.jpg", "D"),
        ("shoes/red/2.jpg", "C"),
    ]


def test_listed_once_more_groups_keep_their_names(cast: Cast) -> None:
    """An archive that is cut off is read again at a retry; its folders lost the wrapper before."""
    kind = make_type(cast.workspace)
    files = {"shoes/shoes/1.jpg": drawn_jpeg(1), "shoes/red/2.jpg": b"no picture"}
    whole = tarred(files | {"shoes/red/3.jpg": drawn_jpeg(3)})
    part = whole[: whole.index(drawn_jpeg(3)) + 99]
    upload = received(cast, {"a.tar": part}, similarity_type=kind, auto_commit=True)
    assert brought_in(upload).message == "1 added, 3 failed."
    before = told(upload)
    assert ("shoes/red/2.jpg", "red") in before
    job = retry_upload(upload=upload, actor=cast.bob)
    ran(job)
    assert told(upload) == before


# Twice


def second_rows(cast: Cast, files: Mapping[str, bytes]) -> Upload:
    """Make an upload whose manifest came before the files, each named twice."""
    lines = ["file,group,type,test,real,colour,price"]
    for name in files:
        lines += [f"{name},A,Shape,yes,,red,", f"{name},B,Shade,,no,,3"]
    upload = received(cast, {"m.csv": "\n".join(lines).encode()})
    planned(upload)
    for name, data in files.items():
        add_part(upload, name, data)
    return upload


@pytest.mark.parametrize("size", [1, 2, 50])
def test_two_rows_together_say_all_of_a_file(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Whichever comes first, and however they fall into batches."""
    monkeypatch.setattr(upload_batches, "FILES_PER_BATCH", size)
    upload = second_rows(cast, {f"{seed}.jpg": drawn_jpeg(seed) for seed in range(5)})
    assert planned(upload).message == "5 new, 5 already in the workspace, 0 with errors."
    assert committed(upload).message == "5 added, 5 already in the workspace."
    assert groups(SimilarityType.objects.get(name="Shape")) == {"A": 5}
    assert groups(SimilarityType.objects.get(name="Shade")) == {"B": 5}
    for one in Image.objects.all():
        assert (one.test_image, one.real) == (True, False)
        assert one.meta_data == {"colour": "red", "price": "3"}


def test_a_second_row_that_contradicts_says_so_and_comes_in(cast: Cast) -> None:
    manifest = b"file,group,test,colour,price\n1.jpg,A,yes,red,3\n1.jpg,B,no,blue,3\n"
    kind = make_type(cast.workspace)
    files = {"1.jpg": drawn_jpeg(1), "m.csv": manifest}
    upload = received(cast, files, similarity_type=kind)
    assert planned(upload).message == "1 new, 1 already in the workspace, 0 with errors."
    reason = "An earlier row has another value for “colour”, “test”, which is kept."
    assert reasons(upload) == {"1.jpg": reason}
    assert committed(upload).message == "1 added, 1 already in the workspace."
    assert reasons(upload) == {"1.jpg": reason}
    assert groups(kind) == {"A": 1, "B": 1}
    assert (image(1).test_image, image(1).meta_data) == (True, {"colour": "red", "price": "3"})


def test_without_its_first_row_a_file_keeps_what_both_say(cast: Cast) -> None:
    upload = second_rows(cast, {"1.jpg": drawn_jpeg(1)})
    planned(upload)
    first = upload.files.get(group_name="A")
    leave_out(upload=upload, file_id=first.pk, out=True)
    assert committed(upload).message == "1 added."
    assert [*Group.objects.values_list("name", flat=True)] == ["B"]
    assert image(1).meta_data == {"colour": "red", "price": "3"}


def test_a_second_row_that_is_mended_leaves_the_marks(cast: Cast) -> None:
    upload = second_rows(cast, {"1.jpg": drawn_jpeg(1)})
    planned(upload)
    second = upload.files.get(group_name="B")
    mend_file(upload=upload, file_id=second.pk, mended=Mended("C", "Shade", None, None))
    committed(upload)
    assert {*Group.objects.values_list("name", flat=True)} == {"A", "C"}
    assert image(1).test_image


def test_a_broken_picture_fails_in_both_rows(cast: Cast) -> None:
    upload = second_rows(cast, {"1.jpg": drawn_jpeg(1, (400, 400))[:2000]})
    planned(upload)
    job = committed(upload)
    assert (job.state, job.message) == (Job.State.DONE, "0 added, 2 failed.")
    assert "The end of the image is missing" in reasons(upload)["1.jpg"]


# What the API would refuse


BAD = {
    "a null character": {"colour": "r\0d"},
    "a null character in a name": {"col\0our": 1},
    "a null character far inside": {"a": [{"b": "\0"}]},
    "a number beyond 64 bits": {"a": 1 << 70},
    "lists in lists": {"a": json.loads("[" * 900 + "]" * 900)},
    "64 KB": {"a": "x" * 70_000},
    "a mark": {"test": "may\0be"},
    "another mark": {"real": json.loads("[" * 900 + "]" * 900)},
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("is_inside", [True, False])
def test_a_row_that_cannot_be_kept_fails_alone(cast: Cast, what: str, *, is_inside: bool) -> None:
    rows = [{"file": "shoes/red/1.jpg"} | BAD[what], {"file": "shoes/red/2.jpg", "colour": "red"}]  # type: ignore[operator]
    manifest = {"all.jsonl": "\n".join(json.dumps(row) for row in rows).encode()}
    files = {"shoes.zip": zipped(SHOES | manifest)} if is_inside else SHOES | manifest
    upload = received(cast, files)
    assert planned(upload).message == "2 new, 0 already in the workspace, 1 with errors."
    assert [*reasons(upload)] == ["shoes/red/1.jpg"]
    assert upload.files.get(name="shoes/red/2.jpg").meta_data == {"colour": "red"}


def test_addresses_with_a_null_character_fail_alone(cast: Cast) -> None:
    kinds = {"list.txt": b"https://a.example/x\0.jpg\n", "list.csv": b"url\nhttps://a\0.example/\n"}
    upload = received(cast, kinds | SHOES)
    assert planned(upload).message == "3 new, 0 already in the workspace, 2 with errors."
    assert set(reasons(upload).values()) == {"Its URL contains a null character."}


def test_meta_data_is_read_of_few_rows_at_a_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, settled = upload_matching._settle, []

    def count(rows: list[UploadFile], found: upload_matching._Found) -> None:
        settled.append(len(rows))
        whole(rows, found)

    monkeypatch.setattr(upload_matching, "_settle", count)
    monkeypatch.setattr(upload_matching, "ROWS_PER_WRITE", 2)
    rows = [{"file": name, "said": name} for name in SHOES]
    manifest = "\n".join(json.dumps(row) for row in rows).encode()
    upload = received(cast, SHOES | {"all.jsonl": manifest})
    assert planned(upload).message == "3 new, 0 already in the workspace, 0 with errors."
    assert settled == [2, 1]
    assert dict(upload.files.values_list("name", "meta_data")) == {
        name: {"said": name} for name in SHOES
    }


def test_rows_that_say_too_much_of_one_file_together(cast: Cast) -> None:
    rows = [{"file": "1.jpg", f"said {n}": "x" * 25_000} for n in range(4)]
    manifest = "\n".join(json.dumps(row) for row in rows).encode()
    upload = received(cast, {"1.jpg": drawn_jpeg(1), "all.jsonl": manifest})
    planned(upload)
    wrong = [*upload.files.order_by("pk").values_list("wrong", flat=True)]
    sentence = "Its metadata and that of earlier rows are too large together."
    assert wrong == [{}, {}, {"row": sentence}, {"row": sentence}]
    assert sorted(upload.files.order_by("pk")[0].meta_data) == ["said 0", "said 1"]


def test_what_was_wrong_is_still_wrong_after_a_cancel(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled when all was listed and nothing told as failed yet, and tried again."""
    manifest = b"file,group,test\n1.jpg,A,yes\n2.jpg,A,maybe\n"
    files = {"m.csv": manifest, "1.jpg": drawn_jpeg(1), "2.jpg": drawn_jpeg(2)}
    kind = make_type(cast.workspace)
    upload = received(cast, files, similarity_type=kind, auto_commit=True)
    job = finish_receiving(upload=upload, actor=cast.bob)

    def cancel(*, upload: Upload, handle: jobs.Handle) -> None:
        list_parts(upload=upload, handle=handle)
        cancel_job(job=job, actor=cast.bob)
        handle.check()

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "list_parts", cancel)
        assert ran(job).state == Job.State.CANCELLED
    again = ran(retry_job(job=job, actor=cast.bob))
    assert again.message == "1 added, 1 failed."
    assert "maybe" in reasons(upload)["2.jpg"]
    assert groups(kind) == {"A": 1}


# Which file is meant


@pytest.mark.parametrize(
    "path",
    [
        "photos/red/1.png",
        "./photos/red/1.png",
        "red\\1.png",
        "C:\\Users\\x\\photos\\red\\1.png",
        "c:/photos/red/1.png",
        "\\\\server\\share\\photos\\red\\1.png",
        "/Users/x/photos/red/1.png",
        "file:///Users/x/my%20photos/red/1.png",
        "file:///C:/photos/red/1.png",
        "../photos/red/1.png",
        "data/red/1.png",
        "photos/red/../red/1.png",
        "photos/red/1.PNG",
        "PHOTOS/Red/1.Png",
    ],
)
@pytest.mark.parametrize("is_inside", [True, False])
def test_a_path_from_elsewhere_is_found_by_its_end(
    cast: Cast, path: str, *, is_inside: bool
) -> None:
    files = {
        "photos/red/1.png": drawn_jpeg(1),
        "photos/blue/1.png": drawn_jpeg(2),
        "list.jsonl": json.dumps({"file": path, "group": "A"}).encode() + b"\n{}\n",
    }
    upload = received(cast, {"a.zip": zipped(files)} if is_inside else files)
    planned(upload)
    assert upload.files.get(group_name="A").name == "photos/red/1.png"
    assert reasons(upload) == {"row 2": "Row 2 has neither a file nor a URL."}


def test_an_end_that_several_files_share_decides_nothing(cast: Cast) -> None:
    files = {f"{folder}/red/1.png": drawn_jpeg(1) for folder in "ab"}
    manifest = b"file,group\nC:\\x\\red\\1.png,A\nC:\\a\\red\\1.png,B\nC:\\red\\2.png,C\n"
    upload = received(cast, files | {"list.csv": manifest})
    planned(upload)
    told = reasons(upload)
    assert "Several files are named “C:/x/red/1.png”" in told["C:/x/red/1.png"]
    assert "The manifest names “C:/red/2.png”" in told["C:/red/2.png"]
    assert upload.files.get(name="a/red/1.png").group_name == "B"


def test_a_name_in_its_own_case_comes_first(cast: Cast) -> None:
    files = {"1.PNG": drawn_jpeg(1), "a/1.png": drawn_jpeg(2), "2.PNG": drawn_jpeg(3)}
    manifest = b"file,group\n1.PNG,A\n1.png,B\n2.png,C\n"
    upload = received(cast, files | {"list.csv": manifest})
    assert planned(upload).message == "3 new, 0 already in the workspace, 0 with errors."
    assert told(upload) == [("1.PNG", "A"), ("2.PNG", "C"), ("a/1.png", "B")]


def test_a_row_that_names_none_never_becomes_a_file(cast: Cast) -> None:
    """Not even after more was sent and all is looked through again."""
    long = "x" * 1025
    rows = [{"group": "A"}, {"file": ["1.jpg"]}, {"file": long}, {"file": "./"}, {"file": " "}]
    manifest = "\n".join(map(json.dumps, rows)).encode()
    upload = received(cast, {"list.jsonl": manifest, "row 1": drawn_jpeg(1)})
    for _ in range(2):
        assert planned(upload).message == "1 new, 0 already in the workspace, 5 with errors."
        assert reasons(upload) == {
            "row 1": "Row 1 has neither a file nor a URL.",
            "row 2": "Its file is not text.",
            "row 3": "Its file has more than 1,024 characters. Shorten it.",
            "row 4": "Row 4 has neither a file nor a URL.",
            "row 5": "Row 5 has neither a file nor a URL.",
        }
