import unicodedata

from django.db import migrations, models

AT_ONCE = 1000


def folded(name):
    """Fold a name as the program did when this migration was written."""
    bare = unicodedata.normalize('NFKC', name).casefold()
    return ' '.join(unicodedata.normalize('NFKC', bare).split())[:255]


def fold_what_is_there(apps, schema_editor):
    """Write every group's name as it is compared, in portions along the primary key."""
    groups = apps.get_model('dashboard', 'Group').objects.using(schema_editor.connection.alias)
    rows = list(groups.order_by('pk').only('pk', 'name')[:AT_ONCE])
    while rows:
        for row in rows:
            row.folded_name = folded(row.name)
        groups.bulk_update(rows, ['folded_name'], batch_size=250)
        rows = list(groups.filter(pk__gt=rows[-1].pk).order_by('pk').only('pk', 'name')[:AT_ONCE])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_account_events'),
        ('dashboard', '0013_code_pages'),
    ]

    operations = [
        migrations.AddField(
            model_name='group',
            name='folded_name',
            field=models.CharField(default='', editable=False, max_length=255),
        ),
        migrations.RemoveIndex(
            model_name='group',
            name='group_by_name',
        ),
        # The index comes before the rows: PostgreSQL makes none of a table with triggers to come.
        migrations.AddIndex(
            model_name='group',
            index=models.Index(fields=['similarity_type', 'folded_name'], name='group_by_folded_name', opclasses=['uuid_ops', 'varchar_pattern_ops']),
        ),
        migrations.RunPython(fold_what_is_there, migrations.RunPython.noop),
    ]
