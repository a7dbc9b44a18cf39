"""Activity rows become changes: the same table under another name, with more columns.

Nothing is copied. What the columns mean for rows that are there already is in the next migration:
PostgreSQL alters no table that the same transaction has written to.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_workspace_encoder'),
    ]

    operations = [
        migrations.RenameModel(old_name='Activity', new_name='Change'),
        migrations.AlterModelOptions(name='change', options={}),
        migrations.RenameIndex(model_name='change', new_name='change_recent', old_name='activity_recent'),
        migrations.AlterField(
            model_name='change',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='change',
            name='sequence',
            field=models.PositiveBigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='change',
            name='inverse',
            field=models.CharField(blank=True, default='', help_text='Who can undo it; empty: nobody.', max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='change',
            name='undoes',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='undone_by', to='accounts.change'),
        ),
        migrations.AddField(
            model_name='change',
            name='has_payload',
            field=models.BooleanField(default=False, help_text='Any of the three below is there.'),
        ),
        migrations.AddField(model_name='change', name='before', field=models.JSONField(null=True)),
        migrations.AddField(model_name='change', name='after', field=models.JSONField(null=True)),
        migrations.AddField(model_name='change', name='members', field=models.BinaryField(null=True)),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(condition=models.Q(('sequence__isnull', False)), fields=('workspace', 'sequence'), name='change_sequence_once'),
        ),
        migrations.AddConstraint(
            model_name='change',
            constraint=models.UniqueConstraint(condition=models.Q(('undoes__isnull', False)), fields=('undoes',), name='change_undone_once'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['target_id', '-id'], name='change_of_target'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('sequence__isnull', True)), fields=['workspace', 'id'], name='change_without_number'),
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('has_payload', True)), fields=['created'], name='change_with_payload'),
        ),
        migrations.CreateModel(
            name='JournalHead',
            fields=[
                ('workspace', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='journal_head', serialize=False, to='accounts.workspace')),
                ('last', models.PositiveBigIntegerField(default=0)),
            ],
        ),
    ]
