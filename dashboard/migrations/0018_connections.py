import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_journal_of_uploads'),
        ('dashboard', '0017_job_step'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('modified', models.DateTimeField(auto_now=True)),
                ('url', models.CharField(help_text='Below which the API lies, without a slash.', max_length=500)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='ConnectionToken',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('secret', models.TextField(editable=False, help_text='The token, encrypted.')),
                ('account_name', models.CharField(blank=True, max_length=255)),
                ('account_email', models.CharField(blank=True, max_length=255)),
                ('workspaces', models.JSONField(default=list)),
                ('scope', models.CharField(blank=True, help_text='Empty: the server did not say.', max_length=20)),
                ('checked', models.DateTimeField(default=django.utils.timezone.now)),
                ('problem', models.CharField(blank=True, help_text='Why the token did not work when last used.', max_length=500)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='dashboard.connection')),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.membership')),
            ],
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(fields=('workspace', 'url'), name='connection_once'),
        ),
        migrations.AddConstraint(
            model_name='connectiontoken',
            constraint=models.UniqueConstraint(fields=('connection', 'membership'), name='connection_token_once'),
        ),
    ]
