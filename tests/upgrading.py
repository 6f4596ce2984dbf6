"""Whether the former release's code works on the newest schema: ``python -m tests.upgrading``.

During a rolling upgrade both run at once. Two things are tried on the database of the environment, which has the newest
schema. For each migration, the models as of it are written, read and changed; all of it is rolled back. And the code of
the former release itself, taken from git (``former_tree``), does the same with its own models (``--models``).

The former release is ``FORMER_RELEASE``. The migrations of all apps were squashed once, before the first release; since
then they are only added.

The output is JSON. ``broken``: the migration, the model, and what it can no longer do. ``wrong``: cases in which this
check itself is wrong, tried with a table and changes of which it is known whether they are additive. ``locking``
(PostgreSQL): migrations that block writers, according to django-migration-linter, and those that run Python.
"""

import datetime
import json
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import django
import django.apps
from django.db import Error, connection, migrations, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django_migration_linter.sql_analyser import PostgresqlAnalyser

ROOT = Path(__file__).resolve().parent.parent

FORMER_RELEASE = "HEAD"
"""The git revision of the former release.

Until the first release it is the commit that closed the issue of the log; until that commit exists, the newest one: the
code as committed then runs on the schema of the working tree, so the machinery is tried, and an edited migration found.
"""

APPS = ("signin", "changes", "preferences", "plans", "tasks")
READ = {
    "Archive": "its trigger wants a log whose part it is",
    "ArchivedEvent": "as above",
}
"""Models that are only read here, and why."""

FIXED = ("Event", "Change", "Checkpoint", "LogHead")
"""Models whose rows triggers let nobody change but in one way, which their own tests show."""

_UNWRITTEN = "-- THIS OPERATION CANNOT BE WRITTEN AS SQL"


class RolledBack(Exception):
    """Ends what was tried."""


def former_tree(folder: Path) -> Path:
    """Write the source of the former release into the folder, and return it."""
    archive = subprocess.run(["git", "archive", FORMER_RELEASE], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def own_models() -> Iterator[tuple[str, str]]:
    """What this tree's own models cannot do on the database: the model, and what the database said."""
    for app in APPS:
        yield from failures({model.__name__: model for model in django.apps.apps.get_app_config(app).get_models()})


def steps() -> Iterator[tuple[str, ProjectState]]:
    """Each migration, and the state of the models as of it."""
    graph = MigrationExecutor(connection).loader.graph
    for app in APPS:
        [leaf] = graph.leaf_nodes(app)
        for node in (node for node in graph.forwards_plan(leaf) if node[0] == app):
            yield ".".join(node), graph.make_state(node)


def broken(state: ProjectState, app: str) -> Iterator[tuple[str, str]]:
    """What code with the models of a migration cannot do."""
    yield from failures({model.__name__: model for model in state.apps.get_app_config(app).get_models()})


def failures(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What cannot be done with these models: the model, and what the database said."""
    for name in sorted(found, key=lambda name: (name != "Event", name)):  # a change begins with its event
        try:
            with transaction.atomic():
                use(found, name)
                raise RolledBack
        except RolledBack:
            continue
        except (Error, AssertionError) as error:
            yield name, f"{type(error).__name__}: {' '.join(str(error).split())}"


def use(found: dict[str, Any], name: str) -> None:
    """Write two rows as different as they may be, and two as alike as they may be; read and change them."""
    model = found[name]
    if name in READ:
        list(model.objects.all())
        return
    for number, full in enumerate((True, False, True, True), 1):
        if name == "Change":
            write(found["Event"], number, full=full)
        row = write(model, number, full=full)
        read = model.objects.get(pk=row.pk)
        for field in model._meta.concrete_fields:
            assert getattr(read, field.attname) == getattr(row, field.attname), field.name
        if name not in FIXED:
            read.save(force_update=True)
    if name not in FIXED:
        model.objects.all().delete()


def write(model: Any, number: int, *, full: bool) -> Any:
    """A row: each column with the longest that it takes, or (not ``full``) with nothing where it may have nothing."""
    told = {
        f.name
        for one in model._meta.constraints
        for f in model._meta.get_fields()
        if f.name in getattr(one, "fields", ())
    }
    told |= {name for together in model._meta.unique_together for name in together}
    told |= {field.name for field in model._meta.pk_fields}
    values = {
        field.name: value_of(field, number if field.unique or field.name in told else 0, full=full)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
    }
    row = model(**{**values, **given(model.__name__, number)})
    row.save(force_insert=True)
    return row


def given(name: str, number: int) -> dict[str, Any]:
    """What the triggers of the log ask of a row."""
    change = uuid.UUID(int=number)
    hashes = ["0" * 64, *(f"{one:064x}" for one in range(1, 9))]
    if name == "Event":
        chain = {
            "organization_id": "acme",
            "sequence": number,
            "hash": hashes[number],
            "previous_hash": hashes[number - 1],
        }
        return {**chain, "change_id": change, "outcome": "pending"}
    if name == "Change":
        told = {"organization_id": "acme", "change_id": change, "subject_id": f"person-{number}"}
        return {**told, "last_sequence": number, "outcome": "pending"}
    if name == "LogHead":
        return {"sequence": 0, "hash": hashes[0], "key_id": ""}
    return {}


def value_of(field: Any, number: int, *, full: bool) -> Any:
    """A value for the column; a ``number`` makes it differ from the others."""
    if field.null and not full:
        return None
    if isinstance(field, models.ForeignKey):
        target = field.related_model
        return target.objects.first() or write(target, 1, full=True)
    if isinstance(field, models.CharField | models.TextField):
        if field.choices:
            return field.choices[0][0]
        length = field.max_length or 1000
        return "" if field.blank and not full and not number else f"{number}".rjust(length, "x")
    for kind, value in (
        (models.BooleanField, True),
        (models.PositiveSmallIntegerField, 32_000 + number),
        (models.BigIntegerField, 2**60 + number),
        (models.IntegerField, 2**30 + number),
        (models.DateTimeField, datetime.datetime(2030, 1, 1, 0, 0, number, tzinfo=datetime.UTC)),
        (models.UUIDField, uuid.uuid4()),
        (models.JSONField, {"any": ["thing"]}),
        (models.BinaryField, b"\x00any"),
    ):
        if isinstance(field, kind):
            return value
    raise NotImplementedError(f"a value for {field!r}")


def control() -> Iterator[str]:
    """Those of which this check thinks otherwise."""
    connection.disable_constraint_checking()  # as Django's migrations do on SQLite
    before = ProjectState()
    before.add_model(ModelState("control", "Other", [("id", models.BigAutoField(primary_key=True))]))
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=50)),
        ("note", models.TextField(null=True)),
        ("spare", models.TextField()),
    ]
    limits = {
        "indexes": [models.Index(fields=["note"], name="control_note")],
        "constraints": [models.CheckConstraint(condition=~models.Q(name="zz"), name="control_name")],
    }
    before.add_model(ModelState("control", "Thing", fields, limits))
    for name, (operation, works) in ways().items():
        try:
            with transaction.atomic():
                with connection.schema_editor() as editor:
                    for model in before.apps.get_app_config("control").get_models():
                        editor.create_model(model)
                after = before.clone()
                operation.state_forwards("control", after)
                with connection.schema_editor() as editor:
                    operation.database_forwards("control", editor, before, after)
                found = list(broken(before, "control"))
                raise RolledBack
        except RolledBack:
            if works is bool(found):
                yield f"{name}: {found or 'nothing'}"


def ways() -> dict[str, tuple[Any, bool]]:
    """Ways to change the table ``thing``, and whether the former release's code still works afterwards."""
    add, alter, text = migrations.AddField, migrations.AlterField, models.CharField
    unique = models.UniqueConstraint(fields=["name"], name="control_unique")
    check = models.CheckConstraint(condition=models.Q(name="a"), name="control_check")
    return {
        "a column that may be null": (add("thing", "x", models.TextField(null=True)), True),
        "a column with a default of Django's only": (add("thing", "x", models.TextField(default="")), False),
        "a column with a default of the database": (add("thing", "x", models.TextField(db_default="")), True),
        "a reference that may be null": (
            add("thing", "o", models.ForeignKey("control.Other", models.CASCADE, null=True)),
            True,
        ),
        "a column removed": (migrations.RemoveField("thing", "spare"), False),
        "a column renamed": (migrations.RenameField("thing", "spare", "title"), False),
        "a table removed": (migrations.DeleteModel("Other"), False),
        "a table renamed": (migrations.RenameModel("Other", "Another"), False),
        "a table elsewhere": (migrations.AlterModelTable("other", "control_elsewhere"), False),
        "a new table": (migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]), True),
        "longer texts": (alter("thing", "name", text(max_length=200)), True),
        "texts without end": (alter("thing", "name", models.TextField()), True),
        "not null any more": (alter("thing", "note", models.TextField()), False),
        "null from now on": (alter("thing", "name", text(max_length=50, null=True)), True),
        "other choices": (alter("thing", "name", text(max_length=50, choices=[("a", "a")])), True),
        "a unique constraint": (migrations.AddConstraint("thing", unique), False),
        "a unique column": (alter("thing", "name", text(max_length=50, unique=True)), False),
        "a check": (migrations.AddConstraint("thing", check), False),
        "a check less": (migrations.RemoveConstraint("thing", "control_name"), True),
        "an index": (migrations.AddIndex("thing", models.Index(fields=["name"], name="control_i")), True),
        "an index less": (migrations.RemoveIndex("thing", "control_note"), True),
        "a trigger that refuses": (migrations.RunPython(refuse), False),
        "SQL": (migrations.RunSQL("ALTER TABLE control_thing DROP COLUMN spare"), False),
        # SQLite takes any text in any column.
        "shorter texts": (alter("thing", "name", text(max_length=10)), connection.vendor == "sqlite"),
        "another type": (alter("thing", "note", models.UUIDField(null=True)), connection.vendor == "sqlite"),
    }


def refuse(_apps: Any, editor: Any) -> None:
    if connection.vendor == "sqlite":
        editor.execute("CREATE TRIGGER no BEFORE INSERT ON control_thing BEGIN SELECT RAISE(ABORT, 'no'); END")
        return
    editor.execute("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$")
    editor.execute("CREATE TRIGGER no BEFORE INSERT ON control_thing FOR EACH ROW EXECUTE FUNCTION no()")


def locking() -> Iterator[tuple[str, list[str]]]:
    """Each migration that keeps writers away for longer, the more rows there are; by what."""
    loader = MigrationLoader(connection, replace_migrations=False)
    for app in APPS:
        [leaf] = loader.graph.leaf_nodes(app)
        for node in (one for one in loader.graph.forwards_plan(leaf) if one[0] == app):
            lines = loader.collect_sql([(loader.get_migration(*node), False)])
            analyser = PostgresqlAnalyser([])
            analyser.analyse([line for line in lines if not line.startswith("--")])
            found = {one.code for one in analyser.warnings} | ({"PYTHON"} if _UNWRITTEN in lines else set())
            if found:
                yield ".".join(node), sorted(found)


if __name__ == "__main__":
    django.setup()
    if "--models" in sys.argv:
        print(json.dumps({"models": len(django.apps.apps.get_models()), "broken": list(own_models())}))
        sys.exit()
    tried = list(steps())
    said = [(step, *one) for step, state in tried for one in broken(state, step.split(".")[0])]
    told = {"migrations": len(tried), "broken": said, "ways": len(ways()), "wrong": list(control())}
    if connection.vendor == "postgresql":
        told["locking"] = dict(locking())
    print(json.dumps(told))
