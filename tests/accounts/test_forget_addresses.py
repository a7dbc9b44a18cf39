"""What the library's page once took in is gone after an upgrade."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import connection

from tests.factories import Cast

forget = import_module("accounts.migrations.0003_forget_added_addresses").forget


@pytest.mark.parametrize("verified", [True, False])
def test_it_works(cast: Cast, *, verified: bool) -> None:
    EmailAddress.objects.create(
        user=cast.alice, email="mallory@example.org", verified=verified, primary=True
    )
    forget(apps, SimpleNamespace(connection=connection))
    assert not EmailAddress.objects.exists()
    cast.alice.refresh_from_db()
    assert cast.alice.email == "alice@example.org"
