from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_journal_of_uploads"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="mirrors",
            field=models.CharField(
                blank=True, help_text="What it mirrors on another server, in words.", max_length=300
            ),
        ),
    ]
