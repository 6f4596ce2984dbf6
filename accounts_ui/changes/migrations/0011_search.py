from django.db import migrations

from accounts_ui.changes.schema.search_index import build_where_possible, drop


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('changes', '0010_by_code_and_actor'),
    ]

    operations = [
        migrations.RunPython(build_where_possible, drop, elidable=False),
    ]
