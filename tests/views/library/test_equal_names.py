"""Equal names: told, completed, and never made by accident; programs may make them."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from dashboard.models import Group, Image, SimilarityType, Task
from dashboard.models.folded_names import folded
from dashboard.queries.library.groups import groups_named, names_like
from dashboard.queries.names import beginning
from dashboard.services.library.groups import change_group, find_or_make_groups
from tests.factories import (
    Cast,
    api_client,
    make_collection,
    make_group,
    make_image,
    make_task,
    make_type,
)

HTMX = {"HX-Request": "true"}
EQUAL = ["Face-Smiling", " face-smiling ", "FACE-SMILING", "ｆａｃｅ-smiling"]
Queries = Callable[..., Any]


@pytest.fixture
def faces(cast: Cast) -> SimilarityType:
    return make_type(cast.workspace, "Same face")


@pytest.fixture
def group(faces: SimilarityType) -> Group:
    return make_group(faces, "face-smiling")


def put(client: Client, images: list[Image], kind: SimilarityType, name: str, **more: Any) -> Any:
    ids = [image.pk for image in images]
    fields = {"ids": ids, "similarity_type": kind.pk, "name": name, "back": "/images/?test=1"}
    return client.post("/images/group", fields | more)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("Café", unicodedata.normalize("NFD", "CAFÉ")),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("ﬁne  red\tshoe", " Fine red shoe "),
        ("№ 5", "no 5"),
    ],
)
def test_equal(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("face smiling", "face-smiling"), ("cafe", "café")])
def test_not_equal(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize("name", EQUAL)
def test_a_new_group_of_an_equal_name_is_not_made(
    bob_client: Client, group: Group, name: str
) -> None:
    fields = {"name": name, "similarity_type": group.similarity_type_id}
    answer = bob_client.post("/groups/new", fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'A group named <a href="/groups/{group.pk}">“face-smiling”</a>' in page
    assert name.strip() in page, "what was typed is still there"
    assert Group.objects.get() == group


def test_another_type_may_have_the_name(bob_client: Client, cast: Cast, group: Group) -> None:
    other = make_type(cast.workspace, "Same mood")
    bob_client.post("/groups/new", {"name": "Face-smiling", "similarity_type": other.pk})
    assert Group.objects.filter(similarity_type=other).get().name == "Face-smiling"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_rename_to_a_taken_name_is_refused(
    bob_client: Client, group: Group, headers: dict[str, str]
) -> None:
    other = make_group(group.similarity_type, "face-frowning")
    address = f"/groups/{other.pk}/change"
    answer = bob_client.post(address, {"name": "Face-Smiling"}, headers=headers)
    assert answer.status_code == 422
    assert "A group named" in answer.content.decode()
    other.refresh_from_db()
    assert other.name == "face-frowning"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_group_may_change_the_case_of_its_own_name(
    bob_client: Client, group: Group, headers: dict[str, str]
) -> None:
    bob_client.post(f"/groups/{group.pk}/change", {"name": "Face-Smiling"}, headers=headers)
    group.refresh_from_db()
    assert (group.name, group.folded_name) == ("Face-Smiling", "face-smiling")


@pytest.mark.parametrize("name", EQUAL)
def test_images_go_into_the_group_of_an_equal_name(
    bob_client: Client, cast: Cast, group: Group, name: str
) -> None:
    put(bob_client, [make_image(cast.workspace)], group.similarity_type, name)
    assert Group.objects.get().images_count == 1
    assert "1 image was added to “face-smiling”." in bob_client.get("/images/").content.decode()


def test_of_two_groups_of_that_name_one_is_chosen_by_hand(
    bob_client: Client, cast: Cast, group: Group
) -> None:
    twin = make_group(group.similarity_type, "Face-Smiling")
    images = [make_image(cast.workspace, seed) for seed in range(2)]
    asked = put(bob_client, images, group.similarity_type, "face-smiling")
    page = asked.content.decode()
    assert asked.status_code == 409
    assert Group.objects.filter(images_count=0).count() == 2, "nothing was changed"
    assert [f'value="{one.pk}"' in page for one in (group, twin, *images)] == [True] * 4
    assert "the 2 images" in page
    assert 'name="back" value="/images/?test=1"' in page
    answer = put(bob_client, images, group.similarity_type, "face-smiling", group=twin.pk)
    assert answer["Location"] == "/images/?test=1"
    twin.refresh_from_db()
    assert twin.images_count == 2
    assert Group.objects.count() == 2


def test_on_a_page_a_dialog_asks_which_group(bob_client: Client, cast: Cast, group: Group) -> None:
    twin = make_group(group.similarity_type, "Face-Smiling")
    fields = {"ids": [make_image(cast.workspace).pk], "similarity_type": twin.similarity_type_id}
    asked = bob_client.post("/images/group", fields | {"name": "face-smiling"}, headers=HTMX)
    assert (asked.status_code, asked["HX-Retarget"]) == (200, "#ask"), "htmx shows no refusal"
    page = asked.content.decode()
    assert page.lstrip().startswith('<dialog class="dialog" data-ask')
    assert [f'name="group" value="{one.pk}"' in page for one in (group, twin)] == [True] * 2


def test_the_group_that_was_chosen_stays_chosen_when_images_are_in_another(
    bob_client: Client, cast: Cast, group: Group
) -> None:
    kind = group.similarity_type
    kind.exclusive = True
    kind.save()
    twin, other = make_group(kind, "Face-Smiling"), make_group(kind, "Other")
    image = make_image(cast.workspace)
    put(bob_client, [image], kind, "Other")
    asked = put(bob_client, [image], kind, "face-smiling", group=twin.pk)
    page = asked.content.decode()
    assert "It is in “Other”: move it?" in page
    assert f'name="group" value="{twin.pk}"' in page
    put(bob_client, [image], kind, "face-smiling", group=twin.pk, taken="move")
    counts = [Group.objects.get(pk=one.pk).images_count for one in (group, twin, other)]
    assert counts == [0, 1, 0]


def test_only_one_of_the_two_can_take_images(bob_client: Client, cast: Cast, group: Group) -> None:
    Group.objects.filter(pk=group.pk).update(groups_count=1)
    twin = make_group(group.similarity_type, "Face-Smiling")
    put(bob_client, [make_image(cast.workspace)], group.similarity_type, "face-smiling")
    twin.refresh_from_db()
    assert twin.images_count == 1


def test_a_group_of_others_is_no_choice(bob_client: Client, cast: Cast, group: Group) -> None:
    theirs = make_group(make_type(cast.elsewhere))
    images = [make_image(cast.workspace)]
    answer = put(bob_client, images, group.similarity_type, "face-smiling", group=theirs.pk)
    assert answer.status_code == 422
    assert "was deleted in the meantime" in answer.content.decode()
    assert not Group.objects.filter(images_count__gt=0).exists()


# The API, folders, archives


def test_a_program_may_make_an_equal_name(cast: Cast, group: Group) -> None:
    fields = {"name": "Face-Smiling", "type": str(group.similarity_type_id)}
    answer = api_client(cast.bob).post(reverse("api-groups"), fields)
    assert answer.status_code == 201
    assert list(Group.objects.values_list("folded_name", flat=True)) == ["face-smiling"] * 2


def test_whoever_changes_a_name_changes_what_it_is_compared_by(cast: Cast, group: Group) -> None:
    change_group(group=group, changes={"name": "Blue"}, actor=cast.bob)
    group.refresh_from_db()
    assert group.folded_name == "blue"


@pytest.mark.django_db
def test_folders_fill_the_group_of_an_equal_name(group: Group) -> None:
    kind = group.similarity_type
    found, made = find_or_make_groups(
        similarity_type=kind, names=["Face-Smiling", "New", "NEW", " new "]
    )
    assert found["Face-Smiling"] == group
    assert [one.name for one in made] == ["New"]
    assert {one.pk for name, one in found.items() if name != "Face-Smiling"} == {made[0].pk}
    assert Group.objects.filter(folded_name="new").count() == 1


def test_folders_fill_the_one_that_is_spelled_alike(group: Group) -> None:
    twin = make_group(group.similarity_type, "Face-Smiling")
    found, made = find_or_make_groups(
        similarity_type=group.similarity_type,
        names=["Face-Smiling", "face-smiling", "FACE-smiling"],
    )
    assert made == []
    assert found == {"Face-Smiling": twin, "face-smiling": group, "FACE-smiling": group}


# Completion


def test_names_are_completed(vera_client: Client, group: Group) -> None:
    kind = group.similarity_type
    make_group(kind, "Face-frowning <b>")
    make_group(kind, "Hand, face in it")
    make_group(kind, "Foot")
    fields = {"similarity_type": kind.pk, "name": " FACE"}
    page = vera_client.get("/groups/names", fields).content.decode()
    assert page.count("<option") == 3
    assert page.index("Face-frowning &lt;b&gt;") < page.index("face-smiling")
    assert page.index("face-smiling") < page.index("Hand, face in it")


def test_a_stranger_completes_nothing(charlie_client: Client, group: Group) -> None:
    fields = {"similarity_type": group.similarity_type_id, "name": "face"}
    answer = charlie_client.get("/groups/names", fields)
    assert "<option" not in answer.content.decode()


def test_few_are_read_of_many(
    faces: SimilarityType, django_assert_max_num_queries: Queries
) -> None:
    Group.objects.bulk_create(
        Group(workspace=faces.workspace, similarity_type=faces, name=f"Group {number:04}")
        for number in range(300)
    )
    with django_assert_max_num_queries(2):
        assert names_like(faces, "group 01") == [f"Group 01{number:02}" for number in range(10)]
    assert names_like(faces, "") == [f"Group {number:04}" for number in range(10)]


def test_an_index_finds_equal_names_and_beginnings(faces: SimilarityType) -> None:
    Group.objects.bulk_create(
        Group(workspace=faces.workspace, similarity_type=faces, name=f"{number} shoe")
        for number in range(2000)
    )
    with connection.cursor() as cursor:  # so that the planner knows how many there are
        cursor.execute("ANALYZE dashboard_group")
    begun = beginning(Group.objects.filter(similarity_type=faces), "folded_name", "red")
    for rows in (groups_named(faces, "Red shoe").order_by(), begun):
        plan = rows.select_related(None).explain()
        assert "group_by_folded_name" in plan
        assert "folded_name" in plan.replace("group_by_folded_name", ""), plan


# Types, tasks, collections, workspaces


def test_types(bob_client: Client, faces: SimilarityType) -> None:
    answer = bob_client.post("/types/new", {"name": "SAME face", "description": ""})
    assert answer.status_code == 422
    assert f'<a href="/types/{faces.pk}">“Same face”</a>' in answer.content.decode()
    other = make_type(faces.workspace, "Same mood")
    address = f"/types/{other.pk}/change"
    assert bob_client.post(address, {"name": "same FACE"}).status_code == 422
    assert bob_client.post(address, {"name": "same FACE"}, headers=HTMX).status_code == 422
    assert bob_client.post(address, {"name": "same MOOD"}).status_code == 303
    assert SimilarityType.objects.count() == 2


def test_tasks(bob_client: Client, cast: Cast) -> None:
    make_task(cast.workspace, "Shoes")
    assert bob_client.post("/tasks/new", {"name": "shoes"}).status_code == 422
    other = make_task(cast.workspace, "Hats")
    address = f"/tasks/{other.pk}/change"
    assert bob_client.post(address, {"name": "shoes"}).status_code == 422
    assert bob_client.post(address, {"name": "shoes"}, headers=HTMX).status_code == 422
    assert Task.objects.filter(name="Hats").exists()


def test_collections(bob_client: Client, cast: Cast) -> None:
    made = make_collection(cast.workspace, "Catalogue")
    fields = {"name": "CATALOGUE", "version": made.version_id}
    assert bob_client.post("/collections/new", fields).status_code == 422
    other = make_collection(cast.workspace, "Other", task=made.task)
    answer = bob_client.post(f"/collections/{other.pk}/change", {"name": "catalogue"})
    assert "A collection named" in answer.content.decode()


def test_workspaces(alice_client: Client, cast: Cast) -> None:
    name = cast.workspace.name.upper()
    answer = alice_client.post("/settings/workspace/new", {"name": name})
    assert "A workspace named “Alice’s shop” already exists" in answer.content.decode()
    assert alice_client.post("/settings/workspace/rename", {"name": name}).status_code == 303


def test_the_name_of_a_workspace_of_others_tells_nothing(alice_client: Client, cast: Cast) -> None:
    answer = alice_client.post("/settings/workspace/new", {"name": cast.elsewhere.name})
    assert answer.status_code == 303
