from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('dashboard', '0005_chunks_of_parts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField(model_name='job', old_name='wake_at', new_name='not_before'),
        migrations.AlterField(
            model_name='job',
            name='not_before',
            field=models.DateTimeField(help_text='A waiting job is left alone so long.', null=True),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['workspace', 'created_by', '-created', '-id'], name='job_recent_of_person'),
        ),
        migrations.RemoveIndex(model_name='job', name='job_unfinished'),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['state', 'queue', '-priority', 'created'], name='job_by_turn'),
        ),
    ]
