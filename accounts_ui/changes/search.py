"""Search for changes by words of their texts, compared by ``fold`` as the lists compare: the same on both databases."""

import uuid
from typing import Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from accounts_ui.changes.models import IndexedChange
from accounts_ui.changes.schema.search_index import is_built
from accounts_ui.text.folding import search_words

_GRAM: Final = 3  # characters; shorter words are not in the index
_MOST_GRAMS: Final = 40
_MANY: Final = 50_000
"""With more candidates than that, reading all texts is faster than looking them up."""


def mentions(text: str) -> Q:
    """Match the changes whose texts have each word of ``text``, in any order, or whose id is ``text``.

    A change whose last event is not included yet (``change_index``) may be missing. A text without any word matches
    everything, as in the lists.
    """
    words = search_words(text)
    if not words:
        return Q()
    rows = IndexedChange.objects.filter(*(Q(text__contains=word) for word in words), change_id=OuterRef("change_id"))
    return _with_id(Q(Exists(rows)), text)


def indexed_matches(text: str) -> Q | None:
    """Match the changes that may mention ``text``, by SQLite's index; ``None`` without it, or with too many."""
    grams = _grams(search_words(text))
    if connection.vendor != "sqlite" or not grams or not is_built(connection):
        return None
    expression = " AND ".join('"{}"'.format(gram.replace('"', '""')) for gram in grams)
    statement = "SELECT rowid FROM changes_search WHERE changes_search MATCH %s"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({statement} LIMIT {_MANY + 1})", [expression])  # noqa: S608  (constants)
        [number] = cursor.fetchone()
    if number > _MANY:
        return None
    ids = f"SELECT change_id FROM changes_indexedchange WHERE id IN ({statement})"  # noqa: S608  (constants)
    return _with_id(Q(change_id__in=RawSQL(ids, [expression])), text)  # noqa: S611


def _grams(words: list[str]) -> list[str]:
    """Return the trigrams of the words; without any if a word has characters that FTS5 may not read as text."""
    if not all(word.isprintable() for word in words):
        return []
    return sorted({word[at : at + _GRAM] for word in words for at in range(len(word) - _GRAM + 1)})[:_MOST_GRAMS]


def _with_id(condition: Q, text: str) -> Q:
    try:
        return condition | Q(change_id=uuid.UUID(text.strip()))
    except ValueError:
        return condition
