"""What was uploaded before can be undone from the journal, and what was undone says of what.

Rows are not numbered here: the next tidying does that, in batches, in the order of their ids.
"""

from django.db import migrations

BATCH = 500


def tell_of_uploads(apps, schema_editor):
    changes = apps.get_model('accounts', 'Change').objects
    of_files = changes.filter(noun='files')
    last = 0
    while ids := list(of_files.filter(verb='uploaded', pk__gt=last).order_by('pk').values_list('pk', flat=True)[:BATCH]):
        changes.filter(pk__in=ids).update(inverse='upload')
        last = ids[-1]
    for pk, target in list(of_files.filter(verb='undid').values_list('pk', 'target_id')):
        undone = of_files.filter(verb='uploaded', target_id=target, pk__lt=pk, undone_by=None).order_by('-pk').first()
        changes.filter(pk=pk).update(undoes=undone)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_journal'),
    ]

    operations = [
        migrations.RunPython(tell_of_uploads, migrations.RunPython.noop, elidable=False),
    ]
