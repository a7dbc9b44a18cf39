"""The page of a plan: what would come, mended in place, brought in, undone."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from dashboard.models import Group, Image, Job, SimilarityType, Upload, UploadFile, UploadPart
from dashboard.queries.uploads import plans as upload_plans
from dashboard.queries.uploads.receiving import abandoned_uploads
from dashboard.services.library.groups import add_images
from tests.factories import Cast, api_client, drawn_jpeg, make_group, make_image, make_type
from tests.services.uploads.uploaded import SHOES, committed, planned, ran, received, undone, zipped

Queries = Callable[..., Any]
HTMX = {"HX-Request": "true"}
MANIFEST = b"file,group,test\n1.jpg,A,maybe\n2.jpg,A,yes\n9.jpg,A,\n"


@pytest.fixture
def upload(cast: Cast) -> Upload:
    """Six files: two new, one known, and in error a value, a missing file, and a text."""
    make_image(cast.workspace, seed=3)
    files = {"shoes.zip": zipped(SHOES | {"shoes/blue/n.txt": b"hello"}), "m.csv": MANIFEST}
    made = received(cast, files, new_type_name="Same shoe")
    planned(made)
    return made


def file(upload: Upload, name: str) -> UploadFile:
    return upload.files.get(name__endswith=name)


def totals(client: Client, upload: Upload) -> tuple[int, ...]:
    found = client.get(f"/uploads/{upload.pk}").context["totals"]
    return found.new, found.known, found.wrong, found.left_out


def mend(client: Client, upload: Upload, name: str, **fields: str) -> Any:
    data = {"file": file(upload, name).pk, "do": "save"} | fields
    return client.post(f"/uploads/{upload.pk}/mend", data, headers=HTMX)


# The page


def test_it_works(bob_client: Client, upload: Upload) -> None:
    page = bob_client.get(f"/uploads/{upload.pk}")
    text = page.content.decode()
    assert totals(bob_client, upload) == (1, 1, 3, 0)
    assert "Its test is “maybe”. Write yes or no." in text
    assert "The manifest names “9.jpg”, which is not in this upload." in text
    assert "not a supported image" in text
    assert "Import 2 images" in text
    shown = [(one.name, one.type_name, one.is_new) for one in page.context["groups"]]
    assert shown == [("A", "Same shoe", True), ("blue", "Same shoe", True)]
    assert not Image.objects.exclude(file_name="3.jpg").exists()


def test_groups_that_are_there_are_told_apart(
    bob_client: Client, cast: Cast, upload: Upload
) -> None:
    kind = make_type(cast.workspace, "Same shoe")
    make_group(kind, "blue")
    holds_groups = make_group(kind, "A")
    Group.objects.filter(pk=holds_groups.pk).update(groups_count=1)
    groups = bob_client.get(f"/uploads/{upload.pk}").context["groups"]
    assert [(one.name, one.is_new) for one in groups] == [("A", True), ("blue", False)]


def test_a_viewer_sees_it_and_changes_nothing(vera_client: Client, upload: Upload) -> None:
    text = vera_client.get(f"/uploads/{upload.pk}").content.decode()
    assert "<form" not in text.partition("<main")[2].partition("</main")[0]
    assert "the new type “Same shoe”" in text
    assert vera_client.get(f"/uploads/{upload.pk}/rows?show=wrong").status_code == 200


def test_groups_go_on_where_the_page_ended(
    bob_client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_plans.planned_groups, "__defaults__", ("", 2))
    upload = received(cast, {f"{n}/x/{n}.jpg": drawn_jpeg(n) for n in range(5)})
    planned(upload)
    seen, url = [], f"/uploads/{upload.pk}"
    while url:
        answer = bob_client.get(url)
        seen += [one.name for one in answer.context["groups"]]
        link = re.search(r'href="([^"]*cursor=[^"]*)"', answer.content.decode())
        url = link[1] if link else ""
    assert seen == ["0/x", "1/x", "2/x", "3/x", "4/x"]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIl0", "W10", "MQ", "WyJhIiwgIlx1MDAwMCJd"])
def test_a_damaged_address_says_so(bob_client: Client, upload: Upload, cursor: str) -> None:
    answer = bob_client.get(f"/uploads/{upload.pk}", {"cursor": cursor})
    assert answer.status_code == 404
    assert "URL of this page is damaged" in answer.content.decode()


def test_files_are_shown_by_group(bob_client: Client, upload: Upload) -> None:
    page = bob_client.get(f"/uploads/{upload.pk}/rows", {"group": "A", "type": ""})
    names = [one.name for one in page.context["rows"]]
    assert names == ["shoes/red/1.jpg", "shoes/red/2.jpg", "9.jpg"]
    assert bob_client.get(f"/uploads/{upload.pk}/rows?group=%00&cursor=x").status_code == 404


def test_a_dry_run_that_ended_leads_to_its_page(bob_client: Client, upload: Upload) -> None:
    asked = {"HX-Request": "true", "HX-Target": "outcome"}
    answer = bob_client.get(f"/uploads/{upload.pk}", headers=asked)
    assert answer["HX-Refresh"] == "true"


def test_it_needs_few_queries_for_however_many(
    bob_client: Client,
    cast: Cast,
    upload: Upload,
    django_assert_max_num_queries: Queries,
) -> None:
    """20,000 files in 2,000 groups, a tenth of them in error."""
    part = UploadPart.objects.create(upload=upload, number=9, name="b", size=1, listed=True)
    UploadFile.objects.bulk_create(
        (
            UploadFile(
                upload=upload,
                part=part,
                number=number,
                name=f"{number}.jpg",
                group_name=f"group {number % 2000}",
                foreseen="new" if number % 10 else "wrong",
                wrong={} if number % 10 else {"test": "No."},
                reason="" if number % 10 else "No.",
            )
            for number in range(20_000)
        ),
        batch_size=2000,
    )
    for path in ("", "/rows", "/rows?show=wrong", "/rows?show=left_out"):
        with django_assert_max_num_queries(11):
            answer = bob_client.get(f"/uploads/{upload.pk}{path}")
        assert answer.status_code == 200


# Mending


def test_a_file_is_mended_in_place(bob_client: Client, upload: Upload) -> None:
    answer = mend(bob_client, upload, "1.jpg", group="B", type="Colour", test="no", real="")
    assert (
        answer["HX-Trigger"] == '{"plan-changed": null}' or "plan-changed" in answer["HX-Trigger"]
    )
    assert answer.content.decode().strip().startswith('<li class="list-group-item"')
    row = file(upload, "1.jpg")
    assert (row.group_name, row.type_name, row.test_image, row.real) == ("B", "Colour", False, None)
    assert (row.foreseen, row.reason, row.wrong) == ("new", "", {})
    assert totals(bob_client, upload) == (2, 1, 2, 0)
    for part, start in (("totals", '<div id="totals"'), ("groups", "<tr>")):
        answer = bob_client.get(f"/uploads/{upload.pk}?{part}", headers=HTMX)
        assert answer.content.decode().strip().startswith(start)


def test_a_second_row_says_what_does_not_hold(bob_client: Client, cast: Cast) -> None:
    """It has a group of its own; what is said of the picture itself stands in the first row."""
    manifest = b"file,group,price\n1.jpg,A,2\n1.jpg,B,3\n"
    upload = received(cast, {"1.jpg": drawn_jpeg(1), "m.csv": manifest})
    planned(upload)
    second = upload.files.get(group_name="B")
    text = bob_client.get(f"/uploads/{upload.pk}/rows", {"group": "B"}).content.decode()
    assert "An earlier row has another value for “price”, which is kept." in text
    assert f'id="group-{second.pk}"' in text
    assert f'id="test-{second.pk}"' not in text
    data = {"file": second.pk, "do": "save", "group": "C"}
    answer = bob_client.post(f"/uploads/{upload.pk}/mend", data, headers=HTMX)
    assert "which is kept" in answer.content.decode()
    committed(upload)
    assert {*Group.objects.values_list("name", flat=True)} == set()


def test_what_cannot_be_mended_stays_in_error(bob_client: Client, upload: Upload) -> None:
    mend(bob_client, upload, "n.txt", group="B")
    assert (file(upload, "n.txt").foreseen, file(upload, "n.txt").group_name) == ("wrong", "B")


def test_a_file_is_left_out_and_put_back(bob_client: Client, upload: Upload) -> None:
    mend(bob_client, upload, "2.jpg", do="leave-out")
    assert totals(bob_client, upload) == (0, 1, 3, 1)
    mend(bob_client, upload, "2.jpg", do="put-back")
    assert totals(bob_client, upload) == (1, 1, 3, 0)


def test_the_twin_of_what_is_left_out_is_new(bob_client: Client, cast: Cast) -> None:
    upload = received(cast, {"a.jpg": drawn_jpeg(1), "b.jpg": drawn_jpeg(1)})
    planned(upload)
    mend(bob_client, upload, "a.jpg", do="leave-out")
    assert totals(bob_client, upload) == (1, 0, 0, 1)
    mend(bob_client, upload, "a.jpg", do="put-back")
    assert totals(bob_client, upload) == (1, 1, 0, 0)


def test_all_in_error_are_left_out_and_put_back(bob_client: Client, upload: Upload) -> None:
    address = f"/uploads/{upload.pk}/mend-all"
    answer = bob_client.post(address, {"do": "leave-out"}, headers=HTMX)
    assert answer.content.decode().strip().startswith('<div id="plan">')
    assert "3 files were skipped." in answer["HX-Trigger"]
    assert totals(bob_client, upload) == (1, 1, 0, 3)
    assert bob_client.post(address, {"do": "put-back"}).status_code == 303
    assert totals(bob_client, upload) == (1, 1, 3, 0)


def test_a_group_gets_another_name(bob_client: Client, upload: Upload) -> None:
    data = {"do": "rename", "group": "A", "type": "", "name": " blue "}
    bob_client.post(f"/uploads/{upload.pk}/mend-all", data, headers=HTMX)
    assert set(upload.files.values_list("group_name", flat=True)) == {"blue"}


def test_another_type_is_chosen(bob_client: Client, cast: Cast, upload: Upload) -> None:
    kind = make_type(cast.workspace)
    address = f"/uploads/{upload.pk}/type"
    bob_client.post(address, {"similarity_type": kind.pk}, headers=HTMX)
    upload.refresh_from_db()
    assert (upload.similarity_type, upload.new_type_name) == (kind, "")
    both = {"similarity_type": kind.pk, "new_type": "Colour"}
    assert bob_client.post(address, both, headers=HTMX).status_code == 422
    theirs = {"similarity_type": make_type(cast.elsewhere).pk}
    assert bob_client.post(address, theirs, headers=HTMX).status_code == 422
    upload.refresh_from_db()
    assert upload.similarity_type == kind


@pytest.mark.parametrize(
    "fields", [{"group": "x" * 256}, {"test": "perhaps"}, {"file": "x"}, {"file": "9" * 30}]
)
def test_what_cannot_be_meant_is_refused(
    bob_client: Client, upload: Upload, fields: dict[str, str]
) -> None:
    assert mend(bob_client, upload, "2.jpg", **fields).status_code == 422


def test_without_javascript_a_refusal_shows_again_what_was_typed(
    bob_client: Client, cast: Cast, upload: Upload
) -> None:
    kind = make_type(cast.workspace)
    row = file(upload, "2.jpg").pk
    for path, sent, kept in (
        (
            "mend",
            {"file": row, "group": "Mine", "test": "perhaps", "do": "save"},
            ['value="Mine"', f'name="file" value="{row}"', 'name="do" value="save"'],
        ),
        (
            "mend-all",
            {"do": "rename", "group": "Gone", "type": "Sort", "name": "Blue"},
            ['value="Blue"', 'name="group" value="Gone"', 'name="do" value="rename"'],
        ),
        (
            "type",
            {"similarity_type": kind.pk, "new_type": "Colour"},
            ['value="Colour"', f'value="{kind.pk}" selected'],
        ),
    ):
        answer = bob_client.post(f"/uploads/{upload.pk}/{path}", sent)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'role="alert"' in page
        for part in kept:
            assert part in page, part


def test_a_file_of_another_upload_is_not_there(
    bob_client: Client, cast: Cast, upload: Upload
) -> None:
    other = received(cast, {"x.jpg": drawn_jpeg(5)})
    planned(other)
    data = {"file": file(other, "x.jpg").pk, "do": "leave-out"}
    assert bob_client.post(f"/uploads/{upload.pk}/mend", data).status_code == 404


def test_nothing_is_mended_after_it_was_brought_in(bob_client: Client, upload: Upload) -> None:
    committed(upload)
    assert mend(bob_client, upload, "2.jpg").status_code == 422
    for path in ("mend-all", "type"):
        answer = bob_client.post(f"/uploads/{upload.pk}/{path}", {"do": "leave-out"}, headers=HTMX)
        assert answer.status_code == 422
    answer = bob_client.get(f"/uploads/{upload.pk}/rows")
    assert answer["Location"] == f"/uploads/{upload.pk}"


# Bring in, undo


@pytest.mark.parametrize("sent", [{}, {"a.jpg": b"abc"}])
def test_what_is_not_here_is_not_brought_in(
    bob_client: Client, cast: Cast, sent: dict[str, bytes]
) -> None:
    """Also where nobody wants to look: who sends says when all is here."""
    upload = received(cast, sent, auto_commit=True)
    upload.parts.update(size=9)
    bob_client.post(f"/uploads/{upload.pk}/commit")
    assert api_client(cast.bob).post(f"/account/v2/upload/{upload.pk}/commit").status_code == 409
    upload.refresh_from_db()
    assert (upload.stage, Job.objects.count()) == (Upload.Stage.RECEIVING, 0)


def test_mended_brought_in_and_undone(bob_client: Client, cast: Cast, upload: Upload) -> None:
    mend(bob_client, upload, "1.jpg", group="A", test="no")
    mend(bob_client, upload, "n.txt", do="leave-out")
    answer = bob_client.post(f"/uploads/{upload.pk}/commit")
    assert answer["Location"] == f"/uploads/{upload.pk}"
    job = ran(Job.objects.get(kind=Job.Kind.UPLOAD))
    assert job.message == "2 added, 1 already in the workspace, 1 failed."
    assert (job.total, job.done, job.skipped, job.failed) == (4, 2, 1, 1)
    kind = SimilarityType.objects.get()
    found = dict(Group.objects.values_list("name", "images_count"))
    assert (kind.name, found) == ("Same shoe", {"A": 2, "blue": 1})
    text = bob_client.get(f"/uploads/{upload.pk}").content.decode()
    assert f'href="/uploads/{upload.pk}/undo"' in text
    assert f'href="/uploads/{upload.pk}/undo"' in bob_client.get("/activity/").content.decode()
    undone(upload)
    assert Image.objects.present().count() == 1
    assert not Group.objects.exists()
    text = bob_client.get(f"/uploads/{upload.pk}").content.decode()
    assert "undone by Bob" in text
    assert "/undo" not in text
    assert "/undo" not in bob_client.get("/activity/").content.decode()


def test_undoing_is_asked_first(bob_client: Client, cast: Cast, upload: Upload) -> None:
    committed(upload)
    other = make_group(make_type(cast.workspace, "Colour"), "warm")
    added = Image.objects.get(file_name="2.jpg")
    add_images(group=other, ids=[added.pk], actor=cast.ann)
    page = " ".join(bob_client.get(f"/uploads/{upload.pk}/undo").content.decode().split())
    assert "1 image that it added is deleted" in page
    assert "1 existing image is removed from the group that it was added to, and stays" in page
    assert "1 of these images was added to other groups since" in page
    assert bob_client.post(f"/uploads/{upload.pk}/undo").status_code == 303
    assert Job.objects.filter(kind=Job.Kind.UNDO).exists()
    assert bob_client.get(f"/uploads/{upload.pk}/undo").status_code == 303


def test_an_upload_that_is_not_in_is_not_undone(bob_client: Client, upload: Upload) -> None:
    assert bob_client.post(f"/uploads/{upload.pk}/undo").status_code == 303
    assert not Job.objects.filter(kind=Job.Kind.UNDO).exists()


def test_errors_are_a_csv_before_and_after(bob_client: Client, upload: Upload) -> None:
    before = bob_client.get(f"/uploads/{upload.pk}/failures.csv").getvalue()
    committed(upload)
    after = bob_client.get(f"/uploads/{upload.pk}/failures.csv").getvalue()
    assert before == after
    assert len(before.splitlines()) == 4


def test_a_group_whose_folder_ends_with_a_space_is_renamed(bob_client: Client, cast: Cast) -> None:
    files = {"shop/red /1.jpg": drawn_jpeg(1), "shop/2.jpg": b""}
    upload = received(cast, {"s.zip": zipped(files)})
    planned(upload)
    page = bob_client.get(f"/uploads/{upload.pk}").content.decode()
    named = upload.files.get(name__endswith="1.jpg").group_name
    assert f'name="group" value="{named}"' in page
    answer = bob_client.post(
        f"/uploads/{upload.pk}/mend-all", {"do": "rename", "group": named, "name": "blue"}
    )
    assert answer.status_code == 303
    assert upload.files.get(name__endswith="1.jpg").group_name == "blue"


def test_a_group_that_is_not_planned_is_told(bob_client: Client, cast: Cast) -> None:
    upload = received(cast, {"s.zip": zipped(SHOES)})
    planned(upload)
    answer = bob_client.post(
        f"/uploads/{upload.pk}/mend-all",
        {"do": "rename", "group": "green", "name": "blue"},
        follow=True,
    )
    assert "no longer exists" in answer.content.decode()


def test_what_somebody_mends_is_not_forgotten(bob_client: Client, cast: Cast) -> None:
    upload = received(cast, {"s.zip": zipped(SHOES)})
    planned(upload)
    long_ago = timezone.now() - timedelta(days=settings.LIKEWISE_KEEP_UPLOADS + 1)
    Upload.objects.filter(pk=upload.pk).update(modified=long_ago)
    assert [*abandoned_uploads(timezone.now())] == [upload]
    bob_client.post(f"/uploads/{upload.pk}/mend-all", {"do": "leave-out"})
    assert [*abandoned_uploads(timezone.now())] == []
    until = timezone.localtime() + timedelta(days=settings.LIKEWISE_KEEP_UPLOADS)
    assert f"{until.day} {until:%b %Y}" in bob_client.get(f"/uploads/{upload.pk}").content.decode()


def test_a_plan_that_waits_is_listed(bob_client: Client, cast: Cast) -> None:
    upload = received(cast, {"s.zip": zipped(SHOES)})
    planned(upload)
    page = bob_client.get("/uploads/").content.decode()
    assert f'href="/uploads/{upload.pk}"' in page
    assert "Ready to review" in page
