"""The triggers that keep checkpoints append-only."""

from django.db import migrations

from accounts_ui.changes.schema.append_only import create_for_checkpoints


class Migration(migrations.Migration):
    dependencies = [("changes", "0003_checkpoint")]
    operations = [migrations.RunPython(create_for_checkpoints, elidable=False)]
