"""Copy all data of an SQLite database into this one, which has to be empty: all of it, or nothing."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from accounts_ui.changes import log_copy
from accounts_ui.tasks.models import WorkerProcess

SOURCE: Final = "copied"
"""The alias of the database that is copied."""

_BY_MIGRATE: Final = ("auth", "contenttypes")
"""Applications whose rows ``migrate`` makes; the console uses none of them."""


class NotCopied(Exception):
    """Nothing was copied; the message says why."""


def copy_database(path: Path) -> dict[str, int]:
    """Copy the SQLite database at ``path``. Return the number of rows by table.

    Nobody can write to it meanwhile. References between rows are checked when the transaction ends, so the order of the
    tables does not matter; that of the log's rows does, to its triggers.

    Raises:
        NotCopied: a database is not as it has to be, or refused a row.

    """
    if not path.is_file():
        raise NotCopied(f"There is no file {path}.")
    _open_source(path)
    try:
        with transaction.atomic(using=SOURCE), transaction.atomic(durable=True):
            _require_same_schema()
            _require_empty()
            return _copy()
    except Error as error:
        raise NotCopied(f"The database refused: {str(error).strip()}") from error
    finally:
        connections[SOURCE].close()


def _open_source(path: Path) -> None:
    config: dict[str, Any] = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10},
    }
    both = connections.configure_settings({**connections.databases, SOURCE: config})
    connections.databases[SOURCE] = both[SOURCE]


def _require_same_schema() -> None:
    here, there = (MigrationRecorder(connections[alias]).applied_migrations() for alias in (DEFAULT_DB_ALIAS, SOURCE))
    if missing := sorted(set(here) ^ set(there)):
        names = ", ".join(".".join(migration) for migration in missing[:5])
        raise NotCopied(f"Run `manage.py migrate` on both databases first: they differ in {names}.")


def _require_empty() -> None:
    for model in [*_plain_models(), *log_copy.MODELS]:
        if model._base_manager.exists():
            raise NotCopied(
                f"This database already has rows, in {model._meta.db_table}. Copy into a new one, freshly migrated."
            )


def _copy() -> dict[str, int]:
    for model in _plain_models():
        _copy_rows(model)
    log_copy.copy_logs(SOURCE)
    _continue_sequences()
    counts = {alias: _count(alias) for alias in (DEFAULT_DB_ALIAS, SOURCE)}
    ends = {alias: log_copy.log_ends(alias) for alias in (DEFAULT_DB_ALIAS, SOURCE)}
    if counts[DEFAULT_DB_ALIAS] != counts[SOURCE] or ends[DEFAULT_DB_ALIAS] != ends[SOURCE]:
        raise NotCopied("The copy differs from the original. Is something else writing to this database?")
    return counts[DEFAULT_DB_ALIAS]


def _copy_rows(model: type[Model]) -> None:
    rows = model._base_manager.using(SOURCE).order_by("pk").iterator(1000)
    if not any(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False) for field in _fields(model)):
        log_copy.copy_rows(rows, model)
        return
    for row in rows:
        row.save_base(raw=True, force_insert=True, using=DEFAULT_DB_ALIAS)  # raw: its times stay what they were


def _fields(model: type[Model]) -> Iterable[Any]:
    return model._meta.local_concrete_fields


def _plain_models() -> Iterator[type[Model]]:
    """Yield the models whose rows are copied as they are: all but those of the log, of ``migrate`` and of workers."""
    others = (*log_copy.MODELS, *log_copy.INDEX_MODELS, WorkerProcess)
    for model in apps.get_models(include_auto_created=True):
        if model not in others and model._meta.app_label not in _BY_MIGRATE:
            yield model


def _continue_sequences() -> None:
    """Let numbers that the database gives continue after those that were copied."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(_plain_models())):
            cursor.execute(statement)


def _count(alias: str) -> dict[str, int]:
    copied = [*_plain_models(), *log_copy.MODELS]
    return {model._meta.db_table: model._base_manager.using(alias).count() for model in copied}
