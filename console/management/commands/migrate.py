"""``manage.py migrate``: Django's command, which here goes forwards only and ends without tracebacks."""

from typing import Any, Final

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import Error, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.models.signals import pre_migrate

NOT_BACKWARDS: Final = (
    "The schema is not migrated backwards: that would delete what was recorded, and the former release works on the "
    "newer schema. To go back, install the files of the former release: “Roll back” in console/docs/operating.md."
)


class Command(migrate.Command):
    """Migrations only add, so the former release needs no older schema."""

    def execute(self, *args: Any, **options: Any) -> None:
        """Check the models and migrate, unless that would undo a migration."""
        pre_migrate.connect(_refuse_backwards)  # Django says there what it is about to do
        try:
            super().execute(*args, **options)
        except InconsistentMigrationHistory as error:
            raise CommandError(f"This database was not migrated by releases of this console: {error}") from error
        except Error as error:
            raise CommandError(f"The database refused: {str(error).strip()}{_hint()}") from error


def _refuse_backwards(plan: Any, **_: Any) -> None:
    if any(backwards for _migration, backwards in plan):
        raise CommandError(NOT_BACKWARDS)


def _hint() -> str:
    if connection.vendor != "postgresql":
        return ""
    return (
        "\nOn PostgreSQL, migrate as the role that owns the tables: “Create the tables” in console/docs/deploying.md."
    )
