from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_account_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='workspace',
            name='encoder',
            field=models.CharField(blank=True, default='', help_text="A key; empty: the installation's default.", max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='workspace',
            name='search_encoder',
            field=models.CharField(blank=True, default='', help_text='The key by which untrained search goes now.', max_length=100),
            preserve_default=False,
        ),
    ]
