from django.db import migrations

from accounts_ui.changes.search_triggers import build_where_possible, drop


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('changes', '0010_by_code_and_actor'),
    ]

    operations = [
        migrations.RunPython(build_where_possible, drop, elidable=False),
    ]
