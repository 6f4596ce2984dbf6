"""The index of a log: search texts and counts of its changes, updated in small steps after the events.

Appending needs none of it, so no append waits for it: a worker updates it within seconds, and a page of the log updates
it before it reads. ``IndexPosition`` says up to which event everything is included. Whoever updates locks that row, so
each change is counted once.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from django.db import Error, connection, transaction
from django.db.models import Exists, OuterRef

from accounts_ui.changes.chain.locking import lock_index
from accounts_ui.changes.models import ActorName, Change, IndexedChange, IndexPosition, LogHead
from accounts_ui.changes.schema.search_index import TEXTS
from accounts_ui.changes.statistics import tally_sql
from accounts_ui.changes.statistics.tally_sql import DIMENSIONS, SLOT_SECONDS
from accounts_ui.text.folding import fold

logger = logging.getLogger(__name__)

STEP: Final = 250
"""Changes in one transaction: on SQLite every other writer waits for it, some hundredths of a second."""

_STEPS_OF_PAGE: Final = 4
"""A page waits for no more than this, some tenths of a second."""

_ACTOR: Final = ("organization_id", "actor_subject", "actor_name", "actor_email")
_Counted = tuple[str, str, int]
"""What is counted: a dimension and a value of it (both empty: all changes), and the half hour."""


def include_all(organization_id: str) -> None:
    """Include all changes of the log. Wait while another process does.

    Raises:
        django.db.Error: the database failed, or the other process took too long; complete steps stay.

    """
    while index_lag(organization_id):
        _include_next(organization_id, wait=True)


def include_some(organization_id: str) -> int:
    """Include the newest changes before a page is read: usually all, and no more than a page should wait for.

    Returns:
        How many events of the log may not be included yet: there were more, another process is including them, or the
        database cannot be written.

    """
    try:
        for _ in range(_STEPS_OF_PAGE):
            if not index_lag(organization_id) or not _include_next(organization_id, wait=False):
                break
    except Error as error:
        logger.warning("The index of the change log could not be updated: %s", error)
    return index_lag(organization_id)


def index_lag(organization_id: str) -> int:
    """Return how many events of the log may not be included yet."""
    heads = LogHead.objects.filter(pk=organization_id).values_list("sequence", flat=True)
    positions = IndexPosition.objects.filter(pk=organization_id).values_list("sequence", flat=True)
    return (heads.first() or 0) - (positions.first() or 0)


def lagging_logs() -> Iterator[str]:
    """Yield the organizations whose logs have events that may not be included yet."""
    up_to_date = IndexPosition.objects.filter(pk=OuterRef("pk"), sequence__gte=OuterRef("sequence"))
    behind = LogHead.objects.filter(~Exists(up_to_date), sequence__gt=0)
    return behind.values_list("organization_id", flat=True).iterator()


def indexed_text(change: Change) -> str:
    """Return the text that a search of the log reads: the folded ``TEXTS``, a line each."""
    return "\n".join(fold(str(getattr(change, name))) for name in TEXTS)


def half_hour(change: Change) -> int:
    """Return the half hour in which the change was requested, counted from 1970."""
    return int(change.requested_at.timestamp()) // SLOT_SECONDS


def actor_of(change: Change) -> tuple[str, ...]:
    """Return organization, subject, name and address of who requested the change."""
    return tuple(getattr(change, name) for name in _ACTOR)


def _include_next(organization_id: str, *, wait: bool) -> bool:
    """Include the next ``STEP`` changes. Return whether this process could: another one may be at it."""
    IndexPosition.objects.get_or_create(pk=organization_id, defaults={"sequence": 0})
    with transaction.atomic():
        position = lock_index(organization_id, wait=wait)
        if position is None:
            return False
        # Read first: with the newest event, every change up to it is visible to the queries that follow.
        end = LogHead.objects.values_list("sequence", flat=True).get(pk=organization_id)
        changed = Change.objects.filter(organization_id=organization_id, last_sequence__gt=position.sequence)
        changes = list(changed.order_by("last_sequence")[:STEP])
        if changes:
            _include(organization_id, changes)
        last = changes[-1].last_sequence if changes else end
        position.sequence = last if len(changes) == STEP else max(last, end)
        position.save(update_fields=["sequence"])
    return True


def _include(organization_id: str, changes: list[Change]) -> None:
    ids = [change.change_id for change in changes]
    former = {row.change_id: row for row in IndexedChange.objects.filter(change_id__in=ids)}
    actors = _actor_ids(organization_id, changes)
    rows = [_indexed(change, actors) for change in changes]
    IndexedChange.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["change_id"], update_fields=["outcome", "text"]
    )
    _count(organization_id, rows, former.values())


def _indexed(change: Change, actors: dict[tuple[str, ...], int]) -> IndexedChange:
    return IndexedChange(
        change_id=change.change_id,
        organization_id=change.organization_id,
        slot=half_hour(change),
        action=change.action,
        code=change.code,
        actor=actors[actor_of(change)],
        outcome=change.outcome,
        text=indexed_text(change),
    )


def _actor_ids(organization_id: str, changes: list[Change]) -> dict[tuple[str, ...], int]:
    """Return the row of each actor. A new name or address makes a new row."""
    rows = ActorName.objects.filter(organization_id=organization_id)
    known = rows.filter(subject__in={change.actor_subject for change in changes})
    ids: dict[tuple[str, ...], int] = {(row.organization_id, row.subject, row.name, row.email): row.pk for row in known}
    for actor in sorted({actor_of(change) for change in changes} - set(ids)):
        values = dict(zip(("organization_id", "subject", "name", "email"), actor, strict=True))
        ids[actor] = ActorName.objects.create(**values).pk
    return ids


def _count(organization_id: str, rows: Iterable[IndexedChange], former: Iterable[IndexedChange]) -> None:
    """Add ``rows`` to the counts, and take away what ``former`` had added."""
    counts: dict[_Counted, Counter[str]] = {}
    for number, counted in ((1, rows), (-1, former)):
        for row in counted:
            for key in _counted_as(row):
                counts.setdefault(key, Counter())[row.outcome] += number
    moved = {key: change for key, change in sorted(counts.items()) if any(change.values())}
    with connection.cursor() as cursor:
        for is_tally, statement in ((True, tally_sql.ADD_TO_TALLY), (False, tally_sql.ADD_TO_SHARE)):
            values = [
                (organization_id, *((slot,) if is_tally else (dimension, value, slot)), *tally_sql.in_order(change))
                for (dimension, value, slot), change in moved.items()
                if (not dimension) == is_tally
            ]
            if values:
                cursor.executemany(statement, values)


def _counted_as(row: IndexedChange) -> Iterator[_Counted]:
    yield "", "", row.slot
    for dimension in DIMENSIONS:
        yield dimension, str(getattr(row, dimension)), row.slot
