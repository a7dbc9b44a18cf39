"""Forget the addresses that the sign-in library kept beside that of the account.

Its page let anybody who held a session add one without a password, and a link to reset the
password could then be sent there. An account signs in with its own address alone.
"""

from django.db import migrations


def forget(apps, schema_editor):
    for name in ("EmailConfirmation", "EmailAddress"):
        apps.get_model("account", name).objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_account_pages"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
