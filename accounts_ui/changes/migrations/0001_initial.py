"""The tables of the logs. On PostgreSQL the archive of events is partitioned by run, a partition an archive run."""

from django.db import migrations, models

PARTITIONED = (
    "ALTER TABLE changes_archivedevent RENAME TO changes_archivedevent_plain",
    """
    CREATE TABLE changes_archivedevent (LIKE changes_archivedevent_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
        PARTITION BY LIST (run)
    """,
    "DROP TABLE changes_archivedevent_plain",
    "ALTER TABLE changes_archivedevent ADD PRIMARY KEY (organization_id, sequence, run)",
)


def partition_archive(apps, schema_editor):
    """Replace the table of archived events by a partitioned one on PostgreSQL."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in PARTITIONED:
            schema_editor.execute(statement, params=None)



class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Archive',
            fields=[
                ('pk', models.CompositePrimaryKey('organization_id', 'last_sequence', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.CharField(max_length=255)),
                ('last_sequence', models.BigIntegerField()),
                ('first_sequence', models.BigIntegerField()),
                ('run', models.BigIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('tree', models.TextField()),
                ('changes_digest', models.CharField(max_length=64)),
                ('file', models.TextField()),
                ('file_sha256', models.CharField(max_length=64)),
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
                ('key_id', models.CharField(max_length=16)),
                ('signature', models.CharField(max_length=88)),
            ],
            options={
                'ordering': ['organization_id', 'last_sequence'],
            },
        ),
        migrations.CreateModel(
            name='ArchivedEvent',
            fields=[
                ('organization_id', models.CharField(max_length=255)),
                ('actor_issuer', models.CharField(max_length=255)),
                ('actor_subject', models.CharField(max_length=255)),
                ('actor_name', models.TextField(blank=True)),
                ('actor_email', models.TextField(blank=True)),
                ('ip', models.CharField(blank=True, max_length=45)),
                ('request_id', models.CharField(blank=True, max_length=128)),
                ('action', models.CharField(choices=[('assign', 'assign'), ('change_status', 'change status'), ('delete', 'delete')], max_length=16)),
                ('subject_id', models.CharField(max_length=255)),
                ('subject_name', models.TextField(blank=True)),
                ('code', models.CharField(max_length=255)),
                ('type_name', models.TextField(blank=True)),
                ('before', models.TextField(null=True)),
                ('after', models.TextField(null=True)),
                ('message', models.TextField(blank=True)),
                ('outcome', models.CharField(choices=[('pending', 'pending'), ('applied', 'applied'), ('not_applied', 'not applied'), ('unknown', 'unknown')], max_length=16)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('detail_parts', models.JSONField(blank=True, default=list)),
                ('detail', models.TextField(blank=True)),
                ('pk', models.CompositePrimaryKey('organization_id', 'sequence', blank=True, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
                ('v', models.PositiveSmallIntegerField()),
                ('change_id', models.UUIDField(db_index=True, null=True)),
                ('about', models.JSONField(null=True)),
                ('event', models.CharField(choices=[('requested', 'requested'), ('applied', 'applied'), ('not_applied', 'not applied'), ('unknown', 'unknown'), ('resolved', 'resolved'), ('key_changed', 'signing key changed'), ('break_acknowledged', 'break acknowledged')], max_length=32)),
                ('at', models.DateTimeField()),
                ('evidence', models.JSONField(null=True)),
                ('key_id', models.CharField(max_length=16)),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('signature', models.CharField(max_length=88)),
                ('run', models.BigIntegerField()),
            ],
            options={
                'ordering': ['organization_id', 'sequence'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('pk', models.CompositePrimaryKey('organization_id', 'size', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.CharField(max_length=255)),
                ('size', models.BigIntegerField()),
                ('root', models.CharField(max_length=44)),
                ('at', models.DateTimeField()),
                ('key_id', models.CharField(max_length=16)),
                ('note', models.TextField()),
                ('tree', models.TextField()),
                ('leaves', models.BinaryField()),
                ('delivered_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['organization_id', 'size'],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('organization_id', models.CharField(max_length=255)),
                ('actor_issuer', models.CharField(max_length=255)),
                ('actor_subject', models.CharField(max_length=255)),
                ('actor_name', models.TextField(blank=True)),
                ('actor_email', models.TextField(blank=True)),
                ('ip', models.CharField(blank=True, max_length=45)),
                ('request_id', models.CharField(blank=True, max_length=128)),
                ('action', models.CharField(choices=[('assign', 'assign'), ('change_status', 'change status'), ('delete', 'delete')], max_length=16)),
                ('subject_id', models.CharField(max_length=255)),
                ('subject_name', models.TextField(blank=True)),
                ('code', models.CharField(max_length=255)),
                ('type_name', models.TextField(blank=True)),
                ('before', models.TextField(null=True)),
                ('after', models.TextField(null=True)),
                ('message', models.TextField(blank=True)),
                ('outcome', models.CharField(choices=[('pending', 'pending'), ('applied', 'applied'), ('not_applied', 'not applied'), ('unknown', 'unknown')], max_length=16)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('detail_parts', models.JSONField(blank=True, default=list)),
                ('detail', models.TextField(blank=True)),
                ('pk', models.CompositePrimaryKey('organization_id', 'sequence', blank=True, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
                ('v', models.PositiveSmallIntegerField()),
                ('change_id', models.UUIDField(db_index=True, null=True)),
                ('about', models.JSONField(null=True)),
                ('event', models.CharField(choices=[('requested', 'requested'), ('applied', 'applied'), ('not_applied', 'not applied'), ('unknown', 'unknown'), ('resolved', 'resolved'), ('key_changed', 'signing key changed'), ('break_acknowledged', 'break acknowledged')], max_length=32)),
                ('at', models.DateTimeField()),
                ('evidence', models.JSONField(null=True)),
                ('key_id', models.CharField(max_length=16)),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('signature', models.CharField(max_length=88)),
            ],
            options={
                'ordering': ['organization_id', 'sequence'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='LogHead',
            fields=[
                ('organization_id', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('key_id', models.CharField(blank=True, max_length=16)),
            ],
            options={
                'ordering': ['organization_id'],
            },
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_issuer', models.CharField(blank=True, max_length=255)),
                ('by_subject', models.CharField(blank=True, max_length=255)),
                ('by_name', models.TextField()),
                ('organization_id', models.CharField(max_length=255)),
                ('started_at', models.DateTimeField()),
                ('at', models.DateTimeField()),
                ('state', models.CharField(choices=[('running', 'running'), ('verified', 'verified'), ('broken', 'broken')], max_length=16)),
                ('since', models.BigIntegerField()),
                ('sequence', models.BigIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('tree', models.TextField(blank=True)),
                ('notes', models.JSONField(blank=True, default=list)),
                ('end', models.BigIntegerField()),
                ('broken_at', models.BigIntegerField(null=True)),
                ('what', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['-at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='ActorName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization_id', models.CharField(max_length=255)),
                ('subject', models.CharField(max_length=255)),
                ('name', models.TextField()),
                ('email', models.TextField()),
            ],
            options={
                'db_table': 'changes_actor',
                'indexes': [models.Index(fields=['organization_id', 'subject'], name='changes_actor_by_subject')],
            },
        ),
        migrations.CreateModel(
            name='IndexedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('change_id', models.UUIDField(unique=True)),
                ('organization_id', models.CharField(db_index=True, max_length=255)),
                ('slot', models.BigIntegerField()),
                ('action', models.CharField(max_length=16)),
                ('code', models.CharField(max_length=255)),
                ('actor', models.BigIntegerField()),
                ('outcome', models.CharField(max_length=16)),
                ('text', models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name='IndexPosition',
            fields=[
                ('organization_id', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('organization_id', models.CharField(max_length=255)),
                ('actor_issuer', models.CharField(max_length=255)),
                ('actor_subject', models.CharField(max_length=255)),
                ('actor_name', models.TextField(blank=True)),
                ('actor_email', models.TextField(blank=True)),
                ('ip', models.CharField(blank=True, max_length=45)),
                ('request_id', models.CharField(blank=True, max_length=128)),
                ('action', models.CharField(choices=[('assign', 'assign'), ('change_status', 'change status'), ('delete', 'delete')], max_length=16)),
                ('subject_id', models.CharField(max_length=255)),
                ('subject_name', models.TextField(blank=True)),
                ('code', models.CharField(max_length=255)),
                ('type_name', models.TextField(blank=True)),
                ('before', models.TextField(null=True)),
                ('after', models.TextField(null=True)),
                ('message', models.TextField(blank=True)),
                ('outcome', models.CharField(choices=[('pending', 'pending'), ('applied', 'applied'), ('not_applied', 'not applied'), ('unknown', 'unknown')], max_length=16)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('detail_parts', models.JSONField(blank=True, default=list)),
                ('detail', models.TextField(blank=True)),
                ('change_id', models.UUIDField(primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(null=True)),
                ('last_sequence', models.BigIntegerField()),
            ],
            options={
                'ordering': ['-requested_at', '-last_sequence'],
                'indexes': [models.Index(fields=['organization_id', 'outcome'], name='changes_by_outcome'), models.Index(condition=models.Q(('outcome', 'applied')), fields=['organization_id', 'subject_id', 'code', '-requested_at', '-last_sequence'], name='changes_last_applied'), models.Index(fields=['organization_id', 'subject_id', '-requested_at', '-last_sequence'], name='changes_by_person'), models.Index(fields=['organization_id', '-requested_at', '-last_sequence'], name='changes_by_time'), models.Index(fields=['organization_id', 'code', '-requested_at', '-last_sequence'], name='changes_by_code'), models.Index(fields=['organization_id', 'actor_subject', '-requested_at', '-last_sequence'], name='changes_by_actor')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('outcome__in', ['pending', 'unknown'])), fields=('organization_id', 'subject_id', 'code'), name='one_open_change_an_account'), models.UniqueConstraint(fields=('organization_id', 'last_sequence'), name='one_change_an_event')],
            },
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization_id', models.CharField(max_length=255)),
                ('slot', models.BigIntegerField()),
                ('pending', models.BigIntegerField()),
                ('applied', models.BigIntegerField()),
                ('not_applied', models.BigIntegerField()),
                ('unknown', models.BigIntegerField()),
                ('dimension', models.CharField(max_length=16)),
                ('value', models.CharField(max_length=255)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'dimension', 'value', 'slot'), name='one_share_a_value_and_slot')],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization_id', models.CharField(max_length=255)),
                ('slot', models.BigIntegerField()),
                ('pending', models.BigIntegerField()),
                ('applied', models.BigIntegerField()),
                ('not_applied', models.BigIntegerField()),
                ('unknown', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'slot'), name='one_tally_a_slot')],
            },
        ),
        migrations.RunPython(partition_archive, elidable=False),
    ]
