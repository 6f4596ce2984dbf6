"""Compare the index of a log, its search texts and counts, with the changes that it is made from."""

import datetime
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from accounts_ui.changes import change_index
from accounts_ui.changes.models import ActorName, Change, IndexedChange, IndexPosition
from accounts_ui.changes.schema.search_index import create_and_fill, is_built
from accounts_ui.changes.statistics import tally_sql

_CHUNK: Final = 1000

_REBUILT: Final = (
    *create_and_fill("temp.search_again"),
    "CREATE VIRTUAL TABLE temp.search_kept_words USING fts5vocab(main, changes_search, instance)",
    "CREATE VIRTUAL TABLE temp.search_true_words USING fts5vocab(temp, search_again, instance)",
)
_DROPPED: Final = tuple(f"DROP TABLE IF EXISTS temp.search_{name}" for name in ("kept_words", "true_words", "again"))


def index_mismatch(organization_id: str) -> str:
    """Describe the first difference; empty if there is none.

    Changes that are not included yet are not compared. SQLite's table of trigrams is compared for all organizations.
    """
    lag = change_index.index_lag(organization_id)
    if lag < 0:
        return f"the index of the log includes {-lag} events more than the log has"
    return _row_mismatch(organization_id) or count_mismatch(organization_id) or _trigram_mismatch()


def _row_mismatch(organization_id: str) -> str:
    rows = IndexedChange.objects.filter(organization_id=organization_id)
    orphan = rows.exclude(Exists(Change.objects.filter(pk=OuterRef("change_id")))).first()
    if orphan:
        return f"the index of the log has change {orphan.change_id}, which the log does not have"
    actors = {
        actor.pk: (actor.organization_id, actor.subject, actor.name, actor.email) for actor in ActorName.objects.all()
    }
    for change, row in _pairs(_included(organization_id), rows):
        if row is None:
            return f"the index of the log lacks change {change.change_id}"
        if _columns(row, actors.get(row.actor)) != _expected(change):
            return f"the index of the log has other texts or counts for change {change.change_id}"
    return ""


def _included(organization_id: str) -> QuerySet[Change]:
    position = IndexPosition.objects.filter(pk=organization_id).values_list("sequence", flat=True).first() or 0
    return Change.objects.filter(organization_id=organization_id, last_sequence__lte=position)


def _pairs(changes: QuerySet[Change], rows: QuerySet[IndexedChange]) -> Iterator[tuple[Change, IndexedChange | None]]:
    """Yield each change with its row."""
    ordered = changes.order_by("last_sequence").iterator(_CHUNK)
    while chunk := list(islice(ordered, _CHUNK)):
        by_id = {row.change_id: row for row in rows.filter(change_id__in=[change.change_id for change in chunk])}
        yield from ((change, by_id.get(change.change_id)) for change in chunk)


def _columns(row: IndexedChange, actor: tuple[str, ...] | None) -> tuple[Any, ...]:
    return row.slot, row.action, row.code, row.outcome, row.text, actor


def _expected(change: Change) -> tuple[Any, ...]:
    slot, text = change_index.half_hour(change), change_index.indexed_text(change)
    return slot, change.action, change.code, change.outcome, text, change_index.actor_of(change)


def count_mismatch(organization_id: str) -> str:
    """Describe the first count that differs from the rows that it counts; empty if there is none."""
    with connection.cursor() as cursor:
        for query in (tally_sql.TALLY_MISMATCH, tally_sql.SHARE_MISMATCH):
            cursor.execute(query, [organization_id] * query.count("%s"))
            if row := cursor.fetchone():
                *_, slot = key = row[: -len(tally_sql.OUTCOMES)]
                return _mismatch_text(organization_id, int(slot), f" by {key[1]}" if len(key) > 2 else "")
    return ""


def _mismatch_text(organization_id: str, slot: int, by: str) -> str:
    at = datetime.datetime.fromtimestamp(slot * tally_sql.SLOT_SECONDS, datetime.UTC)
    return f"the tally{by} of {organization_id} for the half hour from {at.isoformat()} is not what its changes say"


def _trigram_mismatch() -> str:
    """Describe a row that differs from SQLite's trigrams. PostgreSQL maintains its index itself."""
    if connection.vendor != "sqlite" or not is_built(connection):
        return ""
    with connection.cursor() as stored_words, connection.cursor() as true_words:
        for statement in (*_DROPPED, *_REBUILT):
            true_words.execute(statement)
        stored_words.execute("SELECT term, doc FROM temp.search_kept_words")
        true_words.execute("SELECT term, doc FROM temp.search_true_words")
        pairs: Any = zip_longest(_rows(stored_words), _rows(true_words))
        differing = next(((stored or true)[1] for stored, true in pairs if stored != true), None)
    with connection.cursor() as cursor:
        for statement in _DROPPED:
            cursor.execute(statement)
    return "" if differing is None else f"the search index does not have row {differing} of the changes as it is"


def _rows(cursor: Any) -> Iterator[Any]:
    while chunk := cursor.fetchmany(10_000):
        yield from chunk
