from django.db import migrations, models

from accounts_ui.changes.schema.tallies import create_for_shares, drop_for_shares


class Migration(migrations.Migration):

    dependencies = [
        ('changes', '0008_archive'),
    ]

    operations = [
        migrations.CreateModel(
            name='Actor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization_id', models.CharField(max_length=255)),
                ('subject', models.CharField(max_length=255)),
                ('name', models.TextField()),
                ('email', models.TextField()),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', 'subject'], name='changes_actor_by_subject')],
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
        migrations.RunPython(create_for_shares, drop_for_shares, elidable=False),
    ]
