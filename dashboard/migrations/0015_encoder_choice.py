from django.db import migrations, models
from django.db.models import Exists, OuterRef

BUILTIN = 'builtin-1'  # the default of the program when this migration was written


def search_goes_on(apps, schema_editor):
    """Let the search of each workspace go by the encoder that has looked at its images."""
    alias = schema_editor.connection.alias
    encoders = apps.get_model('dashboard', 'Encoder').objects.using(alias)
    features = apps.get_model('dashboard', 'Feature').objects.using(alias)
    workspaces = apps.get_model('accounts', 'Workspace').objects.using(alias)
    key = encoders.filter(is_default=True).values_list('key', flat=True).first() or BUILTIN
    seen = features.filter(workspace=OuterRef('pk'), encoder=key)
    workspaces.filter(Exists(seen)).update(search_encoder=key)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_workspace_encoder'),
        ('dashboard', '0014_folded_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='encoder',
            name='measured',
            field=models.DateTimeField(help_text='When `seconds` was measured beside the other encoders; null: never.', null=True),
        ),
        migrations.AlterField(
            model_name='encoder',
            name='seconds',
            field=models.FloatField(help_text='For one picture, on one thread.'),
        ),
        migrations.AddField(
            model_name='similaritytype',
            name='fold_by',
            field=models.CharField(blank=True, default='', help_text="A key of the images' metadata: groups that share a value are tested together.", max_length=100),
            preserve_default=False,
        ),
        migrations.RunPython(search_goes_on, migrations.RunPython.noop),
    ]
