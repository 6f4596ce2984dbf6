"""Search for changes by a part of their texts, ignoring case."""

import uuid
from itertools import zip_longest
from typing import Any, Final

from django.db import connection
from django.db.models import Func, Q, TextField
from django.db.models.expressions import RawSQL
from django.db.models.lookups import IContains

from accounts_ui.changes.schema.search_index import TEXTS, create_and_fill, is_built

_GRAM: Final = 3  # characters; shorter texts are not in the index
_MOST_GRAMS: Final = 40
_MANY: Final = 50_000
"""With more candidates than that, reading all changes is faster than looking them up."""

_AGAIN: Final = (
    *create_and_fill("temp.search_again"),
    "CREATE VIRTUAL TABLE temp.search_kept_words USING fts5vocab(main, changes_search, instance)",
    "CREATE VIRTUAL TABLE temp.search_true_words USING fts5vocab(temp, search_again, instance)",
)
_AWAY: Final = tuple(f"DROP TABLE IF EXISTS temp.search_{name}" for name in ("kept_words", "true_words", "again"))


class _Joined(Func):
    """All texts joined, in the same words as the expression of PostgreSQL's index."""

    template = "(%(expressions)s)"
    arg_joiner = " || chr(10) || "
    output_field = TextField()


def mentions(text: str) -> Q:
    """Match the changes that have ``text`` in one of their texts, or as their id."""
    return _with_id(Q(IContains(_Joined(*TEXTS), text)) if _is_within_one(text) else _in_any(text), text)


def _is_within_one(text: str) -> bool:
    """Return whether a match in the joined texts is always within one text: texts are joined by line breaks."""
    return connection.vendor == "postgresql" and "\n" not in text


def _in_any(text: str) -> Q:
    condition = Q()
    for name in TEXTS:
        condition |= Q(**{f"{name}__icontains": text})
    return condition


def indexed_matches(text: str) -> Q | None:
    """Match the changes that may mention ``text``, by SQLite's index; ``None`` without it, or with too many."""
    if connection.vendor != "sqlite" or len(text) < _GRAM or not text.isprintable() or not is_built(connection):
        return None
    grams = sorted({text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)})[:_MOST_GRAMS]
    expression = " AND ".join('"{}"'.format(gram.replace('"', '""')) for gram in grams)
    statement = "SELECT rowid FROM changes_search WHERE changes_search MATCH %s"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({statement} LIMIT {_MANY + 1})", [expression])  # noqa: S608  (constants)
        [number] = cursor.fetchone()
    if number > _MANY:
        return None
    return _with_id(Q(last_sequence__in=RawSQL(statement, [expression])), text)  # noqa: S611  (a constant)


def _with_id(condition: Q, text: str) -> Q:
    try:
        return condition | Q(change_id=uuid.UUID(text))
    except ValueError:
        return condition


def index_mismatch() -> str:
    """Describe a change that differs from SQLite's search index; empty if there is none."""
    if connection.vendor != "sqlite" or not is_built(connection):
        return ""
    with connection.cursor() as stored_words, connection.cursor() as true_words:
        for statement in (*_AWAY, *_AGAIN):
            true_words.execute(statement)
        stored_words.execute("SELECT term, doc FROM temp.search_kept_words")
        true_words.execute("SELECT term, doc FROM temp.search_true_words")
        pairs: Any = zip_longest(_rows(stored_words), _rows(true_words))
        differing = next(((stored or true)[1] for stored, true in pairs if stored != true), None)
    with connection.cursor() as cursor:
        for statement in _AWAY:
            cursor.execute(statement)
    return "" if differing is None else f"the search index does not have the change of event {differing} as it is"


def _rows(cursor: Any) -> Any:
    while chunk := cursor.fetchmany(10_000):
        yield from chunk
