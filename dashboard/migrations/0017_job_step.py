from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0016_words"),
    ]

    operations = [
        migrations.RenameField(model_name="job", old_name="stage", new_name="step"),
    ]
