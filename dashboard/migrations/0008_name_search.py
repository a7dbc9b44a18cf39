from django.db import migrations

from dashboard.models.name_search import create_indexes, drop_indexes

INDEXES = {
    "group_name_trigrams": ("dashboard_group", "name"),
    "image_name_trigrams": ("dashboard_image", "file_name"),
}


def create(apps, schema_editor):
    create_indexes(schema_editor.connection, INDEXES)


def drop(apps, schema_editor):
    drop_indexes(schema_editor.connection, INDEXES)


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0007_upload_plans'),
    ]

    operations = [migrations.RunPython(create, drop)]
