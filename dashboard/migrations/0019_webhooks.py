import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_journal_of_uploads'),
        ('dashboard', '0018_connections'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('modified', models.DateTimeField(auto_now=True)),
                ('url', models.CharField(max_length=500)),
                ('description', models.CharField(blank=True, max_length=100)),
                ('events', models.JSONField(default=list)),
                ('secret', models.TextField(editable=False, help_text='What signs the messages, encrypted.')),
                ('old_secrets', models.JSONField(default=list, editable=False)),
                ('position', models.PositiveBigIntegerField(default=0, editable=False)),
                ('last_attempt', models.DateTimeField(null=True)),
                ('failing_since', models.DateTimeField(help_text='The first of the failures since the last success.', null=True)),
                ('paused', models.DateTimeField(null=True)),
                ('pause_reason', models.CharField(blank=True, max_length=200)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('event', models.CharField(max_length=40)),
                ('message_id', models.CharField(max_length=40, unique=True)),
                ('body', models.TextField()),
                ('created', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('next_attempt', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('first_attempt', models.DateTimeField(null=True)),
                ('last_attempt', models.DateTimeField(null=True)),
                ('delivered', models.DateTimeField(null=True)),
                ('status_code', models.PositiveIntegerField(null=True)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='dashboard.webhook')),
            ],
            options={
                'indexes': [models.Index(fields=['webhook', '-id'], name='delivery_of_webhook'), models.Index(condition=models.Q(('next_attempt__isnull', False)), fields=['next_attempt'], name='delivery_due')],
            },
        ),
    ]
