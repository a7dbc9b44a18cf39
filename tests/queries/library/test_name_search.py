"""Searches by a part of a name have an index where PostgreSQL grants one, and work without."""

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from dashboard.models import Group
from dashboard.models.name_search import create_indexes, drop_indexes, has_indexes
from dashboard.queries.library.groups import find_groups
from dashboard.queries.names import holding
from tests.factories import Cast, make_group, make_type

IS_POSTGRES = connection.vendor == "postgresql"


def warnings() -> list[str | None]:
    found = run_checks(tags=[Tags.database], databases=["default"])
    return [message.id for message in found]


def found(cast: Cast, text: str) -> list[str]:
    rows = find_groups(cast.workspace, name=text).order_by("name")
    return [*rows.values_list("name", flat=True)]


@pytest.fixture
def groups(cast: Cast) -> list[Group]:
    names = ("Red shoe", "RED SOCK", "100 % wool", "Größe 42", "under_score")
    kind = make_type(cast.workspace)
    return [make_group(kind, name) for name in names]


@pytest.mark.usefixtures("groups")
def test_it_works(cast: Cast) -> None:
    assert has_indexes(connection) is IS_POSTGRES
    assert create_indexes(connection) is IS_POSTGRES  # again: nothing changes
    assert {*found(cast, "red")} == {"Red shoe", "RED SOCK"}
    assert found(cast, "0 % w") == ["100 % wool"]
    assert found(cast, "grÖßE") == ["Größe 42"]
    assert found(cast, "r_s") == ["under_score"]
    assert warnings() == []


@pytest.mark.usefixtures("groups")
def test_the_index_is_the_one_that_the_search_asks_for() -> None:
    if not IS_POSTGRES:
        assert not has_indexes(connection)
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = holding(Group.objects.order_by(), "name", "shoe").explain()
    assert "group_name_trigrams" in plan


@pytest.mark.usefixtures("groups")
def test_a_role_without_the_right_goes_without(cast: Cast) -> None:
    drop_indexes(connection)
    if IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute("DROP EXTENSION pg_trgm")
            cursor.execute("CREATE ROLE likewise_plain")
            cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO likewise_plain")
            cursor.execute("SET LOCAL ROLE likewise_plain")
    assert not create_indexes(connection)
    assert not has_indexes(connection)
    assert warnings() == (["likewise.W002"] if IS_POSTGRES else [])
    assert found(cast, "sock") == ["RED SOCK"]
    if IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index while checks are pending
        assert create_indexes(connection)
        assert warnings() == []
