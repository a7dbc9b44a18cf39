from django.db import migrations


def describe_what_is_stored(apps, schema_editor):
    """What was sent before lies in one object each: a chunk that is the whole part."""
    chunks = apps.get_model("dashboard", "UploadChunk").objects
    parts = apps.get_model("dashboard", "UploadPart").objects.exclude(path="").filter(size__gt=0)
    for part in parts.iterator():
        chunks.get_or_create(part_id=part.pk, start=0, defaults={"size": part.size, "path": part.path})


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0004_bulk_work")]

    operations = [migrations.RunPython(describe_what_is_stored, migrations.RunPython.noop)]
