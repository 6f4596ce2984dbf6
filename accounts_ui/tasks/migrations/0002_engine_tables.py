"""huey's tables on PostgreSQL, as its release 3.5 makes them. The role that serves may not create tables itself.

On SQLite its messages are in a file of their own, which huey creates.
"""

from django.db import migrations

TABLES = (
    "CREATE TABLE tasks_engine_kv (queue text NOT NULL, key text NOT NULL, value bytea NOT NULL, PRIMARY KEY (queue, key))",
    "CREATE TABLE tasks_engine_schedule ("
    "id bigserial PRIMARY KEY, queue text NOT NULL, data bytea NOT NULL, timestamp double precision NOT NULL)",
    "CREATE INDEX tasks_engine_schedule_queue_timestamp ON tasks_engine_schedule (queue, timestamp)",
    "CREATE TABLE tasks_engine_task ("
    "id bigserial PRIMARY KEY, queue text NOT NULL, data bytea NOT NULL, priority double precision NOT NULL DEFAULT 0.0)",
    "CREATE INDEX tasks_engine_task_queue_priority_id ON tasks_engine_task (queue, priority DESC, id)",
    "CREATE TABLE tasks_engine_counter ("
    "queue text NOT NULL, key text NOT NULL, value bigint NOT NULL DEFAULT 0, PRIMARY KEY (queue, key))",
)
NAMES = ("kv", "schedule", "task", "counter")


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in TABLES:
            schema_editor.execute(statement)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in NAMES:
            schema_editor.execute(f"DROP TABLE tasks_engine_{name}")


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
