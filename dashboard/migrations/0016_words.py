from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0015_encoder_choice"),
    ]

    operations = [
        migrations.AlterField(
            model_name="asyncrecord",
            name="offset",
            field=models.PositiveBigIntegerField(
                default=0, help_text="Where else its image starts in the stored body."
            ),
        ),
        migrations.AlterField(
            model_name="asyncrecord",
            name="status",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("done", "Done"),
                    ("known", "Already in the workspace"),
                    ("failed", "Failed"),
                ],
                default="waiting",
                max_length=7,
            ),
        ),
        migrations.AlterField(
            model_name="asyncrecord",
            name="url",
            field=models.TextField(
                blank=True, help_text="Where its image is fetched from, if anywhere."
            ),
        ),
        migrations.AlterField(
            model_name="encoder",
            name="dimension",
            field=models.PositiveIntegerField(
                help_text="Numbers that the graph computes for an image."
            ),
        ),
        migrations.AlterField(
            model_name="encoder",
            name="seconds",
            field=models.FloatField(help_text="For one image, on one thread."),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "Upload"),
                    ("train", "Training"),
                    ("demo", "Demo"),
                    ("describe", "Indexing of images"),
                    ("extract", "Extraction"),
                    ("encoder", "Encoder"),
                    ("async_descriptor", "Descriptors over the API"),
                    ("async_upload", "Upload over the API"),
                    ("close", "Deletion of a workspace"),
                    ("fill", "Collection"),
                    ("plan", "Dry run of an upload"),
                    ("undo", "Undo of an upload"),
                    ("export", "Export of a workspace"),
                    ("import", "Import of a workspace"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("images", "Images of the workspace"),
                    ("describe", "Images to extract embeddings from"),
                    ("workspace", "A workspace's archive"),
                ],
                default="images",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="stage",
            field=models.CharField(
                choices=[
                    ("receiving", "Receiving"),
                    ("planning", "Checking"),
                    ("planned", "Ready to import"),
                    ("committed", "Imported"),
                    ("undone", "Undone"),
                ],
                default="receiving",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="uploadfile",
            name="foreseen",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Not checked"),
                    ("new", "New"),
                    ("known", "Already in the workspace"),
                    ("wrong", "With errors"),
                ],
                default="",
                max_length=5,
            ),
        ),
        migrations.AlterField(
            model_name="uploadfile",
            name="status",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("added", "Added"),
                    ("known", "Already in the workspace"),
                    ("failed", "Failed"),
                    ("left_out", "Skipped"),
                ],
                default="waiting",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="uploadpart",
            name="code_page",
            field=models.CharField(
                blank=True, help_text="Of names in an archive that are not UTF-8.", max_length=20
            ),
        ),
        migrations.AlterField(
            model_name="uploadpart",
            name="kind",
            field=models.CharField(
                choices=[
                    ("picture", "Image"),
                    ("archive", "Archive"),
                    ("manifest", "Manifest"),
                    ("addresses", "URLs"),
                ],
                default="picture",
                max_length=10,
            ),
        ),
    ]
