import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Count, Sum


def count_what_is_there(apps, _schema_editor):
    """Count once what existing installations hold; from here on every change counts on."""
    Usage = apps.get_model('dashboard', 'Usage')
    images = apps.get_model('dashboard', 'Image').objects.filter(deleted__isnull=True)
    parts = apps.get_model('dashboard', 'UploadPart').objects.exclude(path='')
    for what, rows, home, size in (
        ('images', images, 'workspace', 'file_size'),
        ('uploads', parts, 'upload__workspace', 'size'),
    ):
        sums = rows.order_by().values_list(home).annotate(Count('pk'), Sum(size))
        Usage.objects.bulk_create(
            Usage(workspace_id=home_id, what=what, count=count, size=total)
            for home_id, count, total in sums
        )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('dashboard', '0010_expected_files'),
    ]

    operations = [
        migrations.CreateModel(
            name='Usage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('images', 'Images'), ('uploads', 'Files of uploads')], max_length=10)),
                ('count', models.BigIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0, help_text='Bytes.')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'verbose_name_plural': 'usages',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'what'), name='usage_once'), models.CheckConstraint(condition=models.Q(('what__in', ['images', 'uploads'])), name='usage_what_known')],
            },
        ),
        migrations.RunPython(count_what_is_there, migrations.RunPython.noop),
    ]
