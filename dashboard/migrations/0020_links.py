import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_journal_of_uploads"),
        ("dashboard", "0019_webhooks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                    ("pull", "Pull from another server"),
                    ("send", "Changes for another server"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("modified", models.DateTimeField(auto_now=True)),
                ("remote_workspace", models.CharField(help_text="Its id there.", max_length=100)),
                ("remote_name", models.CharField(blank=True, max_length=255)),
                (
                    "pulled",
                    models.DateTimeField(help_text="When the last complete pull began.", null=True),
                ),
                ("position", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="Why the last pull failed.", max_length=500
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="dashboard.connection",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "keeper",
                    models.ForeignKey(
                        help_text="Whose token the hourly pull uses.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="accounts.membership",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Outgoing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("held", "Held"), ("refused", "Refused")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("problem", models.CharField(blank=True, max_length=500)),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.change",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outgoing",
                        to="dashboard.link",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Twin",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "noun",
                    models.CharField(
                        help_text="As in the journal: image, object, group ...", max_length=10
                    ),
                ),
                ("local_id", models.UUIDField()),
                ("remote_id", models.CharField(max_length=100)),
                ("base", models.JSONField(default=dict)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "seen",
                    models.DateTimeField(help_text="When a pull last met it there.", null=True),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="The other server's refusal.", max_length=500
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="twins",
                        to="dashboard.link",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TwinMember",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "container",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="member_rows",
                        to="dashboard.twin",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="container_rows",
                        to="dashboard.twin",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(fields=("workspace",), name="link_once"),
        ),
        migrations.AddConstraint(
            model_name="outgoing",
            constraint=models.UniqueConstraint(fields=("link", "change"), name="outgoing_once"),
        ),
        migrations.AddIndex(
            model_name="twin",
            index=models.Index(
                condition=models.Q(("problem", ""), _negated=True),
                fields=["link", "noun", "id"],
                name="twin_with_problem",
            ),
        ),
        migrations.AddConstraint(
            model_name="twin",
            constraint=models.UniqueConstraint(
                fields=("link", "noun", "local_id"), name="twin_here_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="twin",
            constraint=models.UniqueConstraint(
                fields=("link", "noun", "remote_id"), name="twin_there_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="twinmember",
            constraint=models.UniqueConstraint(
                fields=("container", "member"), name="twin_member_once"
            ),
        ),
    ]
