"""The triggers that keep the log append-only."""

from django.db import migrations

from accounts_ui.changes.schema.append_only import create


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial")]
    operations = [migrations.RunPython(create, elidable=False)]
