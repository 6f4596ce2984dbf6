from django.db import migrations, models


class AddIndexAside(migrations.AddIndex):
    """On PostgreSQL concurrently: a large log goes on being written while the index is built."""

    atomic = False

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model_name)
        aside = {'concurrently': True} if schema_editor.connection.vendor == 'postgresql' else {}
        schema_editor.add_index(model, self.index, **aside)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('changes', '0009_shares'),
    ]

    operations = [
        AddIndexAside(
            model_name='change',
            index=models.Index(fields=['organization_id', 'code', '-requested_at', '-last_sequence'], name='changes_by_code'),
        ),
        AddIndexAside(
            model_name='change',
            index=models.Index(fields=['organization_id', 'actor_subject', '-requested_at', '-last_sequence'], name='changes_by_actor'),
        ),
    ]
