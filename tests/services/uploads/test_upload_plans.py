"""An upload is looked through before it is brought in, and says what would become of each file."""

import json
from typing import IO

import pytest

from dashboard.files.archives import archives
from dashboard.models import Group, Image, Job, SimilarityType, Upload, UploadPart, UploadType
from dashboard.services.errors import NothingToRetry
from dashboard.services.jobs import jobs
from dashboard.services.jobs.retries import retry_job
from dashboard.services.jobs.subject_end import cancel_job
from dashboard.services.library.images import delete_images, pictures
from dashboard.services.uploads import plans as upload_plans
from dashboard.services.uploads.errors import NothingToUpload, NotWhole, WrongStage
from dashboard.services.uploads.plans import start_plan
from dashboard.services.uploads.uploads import commit_upload
from tests.factories import Cast, drawn_jpeg, make_image, make_type
from tests.services.uploads.uploaded import (
    SHOES,
    add_known,
    add_part,
    brought_in,
    committed,
    foreseen,
    groups,
    image_files,
    outcome,
    planned,
    ran,
    reasons,
    received,
    tarred,
    zipped,
)


def table(text: str) -> bytes:
    return text.encode()


def test_it_works(cast: Cast) -> None:
    make_image(cast.workspace, seed=1)
    upload = received(cast, {"shoes.zip": zipped(SHOES | {"shoes/red/n.txt": b"hello"})})
    job = planned(upload)
    assert (job.state, job.message) == (
        Job.State.DONE,
        "2 new, 1 already in the workspace, 1 with errors.",
    )
    assert (job.total, job.done, job.skipped, job.failed) == (4, 2, 1, 1)
    assert upload.stage == Upload.Stage.PLANNED
    assert foreseen(upload) == {
        "shoes/red/1.jpg": "known",
        "shoes/red/2.jpg": "new",
        "shoes/blue/3.jpg": "new",
        "shoes/red/n.txt": "wrong",
    }
    assert "not an image" in reasons(upload)["shoes/red/n.txt"]
    assert [*upload.files.order_by("pk").values_list("group_name", flat=True)] == [
        *("red", "red", "blue", "red")
    ]


def test_nothing_is_written_but_rows_of_the_upload(cast: Cast) -> None:
    planned(received(cast, {"shoes.zip": zipped(SHOES)}, new_type_name="Same shoe"))
    assert (Image.objects.count(), Group.objects.count(), image_files(cast)) == (0, 0, [])
    assert not SimilarityType.objects.exists()


def test_then_it_is_brought_in_as_one_change(cast: Cast) -> None:
    upload = received(cast, {"shoes.zip": zipped(SHOES)}, new_type_name="Same shoe")
    planned(upload)
    assert committed(upload).message == "3 added."
    kind = SimilarityType.objects.get(name="Same shoe")
    assert groups(kind) == {"red": 2, "blue": 1}
    assert (upload.stage, upload.similarity_type) == (Upload.Stage.COMMITTED, kind)
    assert kind.groups_count == upload.made_groups.count() == 2
    assert UploadType.objects.get().similarity_type == kind
    verbs = cast.workspace.changes.order_by("id").values_list("verb", "noun")
    assert ("uploaded", "files") in verbs
    assert not {("created", "group"), ("created", "type")} & set(verbs)


def test_without_being_asked_it_is_brought_in_at_once(cast: Cast) -> None:
    upload = received(cast, {"a.zip": zipped(SHOES), "b.txt": b"hello"}, auto_commit=True)
    assert brought_in(upload).message == "3 added, 1 failed."


# Sources


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_an_archive_too(cast: Cast, mode: str) -> None:
    kind = make_type(cast.workspace)
    upload = received(cast, {"shoes.tar": tarred(SHOES, mode)}, similarity_type=kind)
    assert planned(upload).message == "3 new, 0 already in the workspace, 0 with errors."
    assert committed(upload).message == "3 added."
    assert groups(kind) == {"red": 2, "blue": 1}


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_packed_tar_is_looked_through_in_one_pass(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """The dry run unpacks it once, and bringing it in once more."""
    opened, whole = [], archives.open_archive

    def count(file: IO[bytes], **options: str) -> archives.Archive:
        opened.append(whole(file, **options))
        return opened[-1]

    monkeypatch.setattr(archives, "open_archive", count)
    others = {"shoes/red/broken.jpg": b"no picture", "shoes/m.csv": b"file,group\n3.jpg,A\n"}
    upload = received(cast, {"shoes.tar": tarred(SHOES | others, mode)})
    assert planned(upload).message == "3 new, 0 already in the workspace, 1 with errors."
    assert len(opened) == 1
    assert "not an image" in reasons(upload)["shoes/red/broken.jpg"]
    assert upload.files.get(name__endswith="3.jpg").sha256 == pictures.sha256(drawn_jpeg(3))
    assert committed(upload).message == "3 added, 1 failed."
    assert len(opened) == 2


def test_pictures_sent_singly_keep_their_folders(cast: Cast) -> None:
    kind = make_type(cast.workspace)
    upload = received(cast, SHOES | {"shoes/.DS_Store": b"x"}, similarity_type=kind)
    planned(upload)
    committed(upload)
    assert groups(kind) == {"red": 2, "blue": 1}
    assert Image.objects.get(sha256=pictures.sha256(drawn_jpeg(3))).file_name == "3.jpg"


def test_a_manifest_tells_of_files(cast: Cast) -> None:
    manifest = "File;GROUP;Type;Test;real;Colour\nred/1.jpg;A;Same shoe;yes;no;red\n3.jpg;B;;;;blue"
    upload = received(cast, {"shoes.zip": zipped(SHOES), "shoes.csv": table("\ufeff" + manifest)})
    assert planned(upload).message == "3 new, 0 already in the workspace, 0 with errors."
    committed(upload)
    first = Image.objects.get(sha256=pictures.sha256(drawn_jpeg(1)))
    assert (first.test_image, first.real, first.meta_data) == (True, False, {"Colour": "red"})
    assert groups(SimilarityType.objects.get(name="Same shoe")) == {"A": 1}
    third = Image.objects.get(sha256=pictures.sha256(drawn_jpeg(3)))
    assert (third.test_image, third.real, third.meta_data) == (False, True, {"Colour": "blue"})


@pytest.mark.parametrize("lines", [True, False])
def test_a_manifest_may_be_json(cast: Cast, *, lines: bool) -> None:
    records = [{"file": "1.jpg", "group": "A", "test": True, "size": 42}, {"file": "2.jpg"}]
    text = "\n".join(json.dumps(one) for one in records) if lines else json.dumps(records)
    kind = make_type(cast.workspace)
    upload = received(cast, SHOES | {"m.json": table(text)}, similarity_type=kind)
    planned(upload)
    committed(upload)
    first = Image.objects.get(sha256=pictures.sha256(drawn_jpeg(1)))
    assert (first.test_image, first.meta_data) == (True, {"size": 42})
    assert groups(kind) == {"A": 1, "red": 1, "blue": 1}


def test_a_second_row_puts_a_file_into_a_second_group(cast: Cast) -> None:
    manifest = "file,group,type\n1.jpg,A,Shape\n1.jpg,B,Colour\n"
    upload = received(cast, {"1.jpg": drawn_jpeg(1), "m.csv": table(manifest)})
    assert planned(upload).message == "1 new, 1 already in the workspace, 0 with errors."
    assert committed(upload).message == "1 added, 1 already in the workspace."
    image = Image.objects.get()
    rows = image.group_rows.values_list("group__name", "similarity_type__name")
    assert set(rows) == {("A", "Shape"), ("B", "Colour")}


def test_rows_that_match_nothing_or_say_nonsense_are_in_error(cast: Cast) -> None:
    manifest = "file,url,test\nred/9.jpg,,\n1.jpg,,maybe\nx.jpg,,\n,,yes\n,ftp://a.example/1.jpg,\n"
    files = SHOES | {"a/x.jpg": drawn_jpeg(4), "b/x.jpg": drawn_jpeg(5), "m.csv": table(manifest)}
    upload = received(cast, files)
    assert planned(upload).message == "4 new, 0 already in the workspace, 5 with errors."
    told = reasons(upload)
    assert "no file “red/9.jpg”" in told["red/9.jpg"]
    assert told["shoes/red/1.jpg"] == "Its test is “maybe”. Write yes or no."
    assert "Several files are named “x.jpg”" in told["x.jpg"]
    assert told["row 4"] == "Row 4 has neither a file nor a URL."
    assert "Only URLs with http" in told["1.jpg"]
    assert committed(upload).message == "4 added, 5 failed."


def test_a_manifest_that_cannot_be_read_is_in_error(cast: Cast) -> None:
    upload = received(cast, {"m.csv": b"a,b\n1,2\n", "n.json": b"[1", "o.csv": b"file\n\xff\xfe\n"})
    assert planned(upload).message == "0 new, 0 already in the workspace, 3 with errors."
    told = reasons(upload)
    assert "neither a column “file” nor" in told["m.csv"]
    assert "not valid JSON" in told["n.json"]
    assert "not UTF-8" in told["o.csv"]


def test_a_list_of_addresses_is_judged_and_not_opened(cast: Cast) -> None:
    text = "https://pictures.example/1.jpg\n\n# mine\nhttp://10.0.0.1/2.jpg\nnonsense\n"
    upload = received(cast, {"pasted": table(text)})
    assert planned(upload).message == "1 new, 0 already in the workspace, 2 with errors."
    assert "private network" in reasons(upload)["2.jpg"]
    assert "Only URLs with http" in reasons(upload)["nonsense"]


def test_files_that_were_known_are_not_needed(cast: Cast) -> None:
    there, gone = make_image(cast.workspace, seed=1), make_image(cast.workspace, seed=2)
    kind = make_type(cast.workspace)
    upload = received(cast, {"red/3.jpg": drawn_jpeg(3)}, similarity_type=kind)
    add_known(upload, "red/1.jpg", there.sha256)
    add_known(upload, "red/2.jpg", gone.sha256)
    delete_images(workspace=cast.workspace, ids=[gone.id], actor=cast.bob)
    assert planned(upload).message == "1 new, 1 already in the workspace, 1 with errors."
    assert "Upload the file again" in reasons(upload)["red/2.jpg"]
    assert committed(upload).message == "1 added, 1 already in the workspace, 1 failed."
    assert groups(kind) == {"red": 2}


def test_a_known_file_that_is_deleted_after_the_plan_fails(cast: Cast) -> None:
    there = make_image(cast.workspace, seed=1)
    upload = received(cast, {})
    add_known(upload, "1.jpg", there.sha256)
    planned(upload)
    delete_images(workspace=cast.workspace, ids=[there.id], actor=cast.bob)
    assert committed(upload).message == "0 added, 1 failed."
    assert "Upload the file again" in reasons(upload)["1.jpg"]


def test_the_same_picture_twice_is_new_once(cast: Cast) -> None:
    upload = received(cast, {"a.jpg": drawn_jpeg(1), "b.jpg": drawn_jpeg(1)})
    assert planned(upload).message == "1 new, 1 already in the workspace, 0 with errors."


def test_marks_and_meta_data_of_a_known_image_stay(cast: Cast) -> None:
    there = make_image(cast.workspace, seed=1, meta_data={"a": 1})
    manifest = table("file,test,a\n1.jpg,yes,2\n")
    upload = received(cast, {"1.jpg": drawn_jpeg(1), "m.csv": manifest})
    planned(upload)
    committed(upload)
    there.refresh_from_db()
    assert (there.test_image, there.meta_data) == (False, {"a": 1})


# More files, breaking off, going on


def test_more_files_may_come_after_the_plan(cast: Cast) -> None:
    upload = received(cast, {"m.csv": table("file,group\n1.jpg,A\n")})
    assert planned(upload).message == "0 new, 0 already in the workspace, 1 with errors."
    add_part(upload, "1.jpg", drawn_jpeg(1))
    assert planned(upload).message == "1 new, 0 already in the workspace, 0 with errors."
    assert outcome(upload) == {"1.jpg": "waiting"}
    assert upload.files.get().group_name == "A"


def test_second_rows_find_a_file_that_came_later(cast: Cast) -> None:
    upload = received(cast, {"m.csv": table("file,group,type\n1.jpg,A,Shape\n1.jpg,B,Shade\n")})
    planned(upload)
    add_part(upload, "1.jpg", drawn_jpeg(1))
    assert planned(upload).message == "1 new, 1 already in the workspace, 0 with errors."
    assert committed(upload).message == "1 added, 1 already in the workspace."


def test_cancelled_it_takes_files_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = received(cast, {"shoes.zip": zipped(SHOES)})
    job = start_plan(upload=upload, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.RECEIVING
    again = ran(retry_job(job=job, actor=cast.bob))
    assert again.message == "3 new, 0 already in the workspace, 0 with errors."


@pytest.mark.parametrize("step", range(1, 9))
def test_after_a_kill_it_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The worker dies at each of its reports in turn; the next one ends what it began."""
    monkeypatch.setattr(upload_plans, "FILES_PER_BATCH", 2)
    manifest = "file,group,type\n1.jpg,A,Shape\n1.jpg,B,Colour\n2.jpg,A,\n9.jpg,A,\n"
    upload = received(
        cast, {"a.tar": tarred(SHOES), "4.jpg": drawn_jpeg(4), "m.csv": table(manifest)}
    )
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
    assert ran(job).message == "4 new, 1 already in the workspace, 1 with errors."
    found = upload.files.order_by("name", "group_name").values_list("name", "group_name")
    assert [*found] == [
        ("4.jpg", ""),
        ("9.jpg", "A"),
        ("shoes/blue/3.jpg", "blue"),
        ("shoes/red/1.jpg", "A"),
        ("shoes/red/1.jpg", "B"),
        ("shoes/red/2.jpg", "A"),
    ]


def test_a_lost_lease_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = received(cast, {"shoes.zip": zipped(SHOES)})
    job = start_plan(upload=upload, actor=cast.bob)
    whole = upload_plans.foresee

    def lose_the_lease(*arguments):
        Job.objects.filter(pk=job.pk).update(owner="another")
        return whole(*arguments)

    monkeypatch.setattr(upload_plans, "foresee", lose_the_lease)
    ran(job)
    assert set(foreseen(upload).values()) == {""}


# Refusals


def test_nothing_was_sent(cast: Cast) -> None:
    with pytest.raises(NothingToUpload):
        start_plan(upload=received(cast, {}), actor=cast.bob)


def test_each_step_has_its_stage(cast: Cast) -> None:
    upload = received(cast, {"1.jpg": drawn_jpeg(1)})
    with pytest.raises(WrongStage):
        commit_upload(upload=upload, actor=cast.bob)
    start_plan(upload=upload, actor=cast.bob)
    with pytest.raises(WrongStage):
        start_plan(upload=upload, actor=cast.bob)
    with pytest.raises(WrongStage):
        commit_upload(upload=upload, actor=cast.bob)


def test_it_is_not_tried_again_while_more_is_sent(cast: Cast) -> None:
    upload = received(cast, {"shoes.zip": zipped(SHOES)})
    job = start_plan(upload=upload, actor=cast.bob)
    cancel_job(job=job, actor=cast.bob)
    part = add_part(upload, "more.csv", b"file,group\n", size=99)
    with pytest.raises(NothingToRetry):
        retry_job(job=job, actor=cast.bob)
    with pytest.raises(NotWhole):
        start_plan(upload=upload, actor=cast.bob)
    UploadPart.objects.filter(pk=part.pk).update(size=part.received)
    assert ran(retry_job(job=job, actor=cast.bob)).state == Job.State.DONE
