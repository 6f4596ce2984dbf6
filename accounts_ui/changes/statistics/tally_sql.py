"""The SQL of the counts: numbers of changes by half hour and outcome, in all and with one action, code or actor.

``changes_indexedchange`` has a row for each change that is counted, with the outcome that it is counted under.
"""

from collections.abc import Mapping
from typing import Final

SLOT_SECONDS: Final = 1800  # nearly all time zones are whole half hours from UTC
OUTCOMES: Final = ("pending", "applied", "not_applied", "unknown")
DIMENSIONS: Final = ("action", "code", "actor")

_TALLY: Final = ("organization_id", "slot")
_SHARE: Final = ("organization_id", "dimension", "value", "slot")


def _add(table: str, key: tuple[str, ...]) -> str:
    sums = ", ".join(f"{outcome} = {table}.{outcome} + excluded.{outcome}" for outcome in OUTCOMES)
    return (
        f"INSERT INTO {table} ({', '.join((*key, *OUTCOMES))}) "
        f"VALUES ({', '.join(['%s'] * (len(key) + len(OUTCOMES)))}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"
    )


ADD_TO_TALLY: Final = _add("changes_tally", _TALLY)
ADD_TO_SHARE: Final = _add("changes_share", _SHARE)


def in_order(counts: Mapping[str, int]) -> tuple[int, ...]:
    """Return the numbers in the order of the columns."""
    return tuple(counts.get(outcome, 0) for outcome in OUTCOMES)


_SUMS: Final = ", ".join(f"SUM(CASE WHEN outcome = '{outcome}' THEN 1 ELSE 0 END)" for outcome in OUTCOMES)
TALLY_ROWS: Final = f"SELECT organization_id, slot, {_SUMS} FROM changes_indexedchange {{where}} GROUP BY 1, 2"
SHARE_ROWS: Final = " UNION ALL ".join(
    f"SELECT organization_id, '{name}', CAST({name} AS TEXT), slot, {_SUMS} "
    "FROM changes_indexedchange {where} GROUP BY 1, 2, 3, 4"
    for name in DIMENSIONS
)
"""What the counts have to be, by the rows that are counted."""

FILL: Final = (
    f"INSERT INTO changes_tally ({', '.join((*_TALLY, *OUTCOMES))}) {TALLY_ROWS.format(where='')}",
    f"INSERT INTO changes_share ({', '.join((*_SHARE, *OUTCOMES))}) {SHARE_ROWS.format(where='')}",
)
"""Statements that fill empty counts."""


def _first_mismatch(table: str, key: tuple[str, ...], rows: str) -> str:
    """Return the query of the first count that differs. The database compares them: there can be many."""
    columns, own = ", ".join((*key, *OUTCOMES)), "organization_id = %s"
    stored = f"SELECT {columns} FROM {table} WHERE {own} AND ({' <> 0 OR '.join(OUTCOMES)} <> 0)"
    return (
        f"WITH stored AS ({stored}), expected ({columns}) AS ({rows.format(where=f'WHERE {own}')}) "
        "SELECT * FROM (SELECT * FROM stored EXCEPT SELECT * FROM expected) AS more "
        "UNION ALL SELECT * FROM (SELECT * FROM expected EXCEPT SELECT * FROM stored) AS less ORDER BY 1, 2 LIMIT 1"
    )


TALLY_MISMATCH: Final = _first_mismatch("changes_tally", _TALLY, TALLY_ROWS)
SHARE_MISMATCH: Final = _first_mismatch("changes_share", _SHARE, SHARE_ROWS)
"""Queries of the first wrong count of an organization, which is each of their parameters."""
