"""The triggers that maintain the shares: numbers of changes with one action, code or actor, by half hour and outcome.

They also record the actors, each with the name at the time of the request, so that the shares of an actor can be
searched by a part of that name.
"""

from typing import Final

from accounts_ui.changes.schema.append_only import MORE, MOVES, OUTCOMES, SLOTS, SUMS, Trigger

DIMENSIONS: Final = ("action", "code", "actor")
_SHARE: Final = ("organization_id", "dimension", "value", "slot")
_COLUMNS: Final = ", ".join((*_SHARE, *OUTCOMES))
_ACTOR: Final = ("subject", "name", "email")


def _known_as(row: str) -> str:
    """Return the SQL condition that an actor ``a`` is the actor of the change ``row``."""
    same = " AND ".join(f"a.{name} = {row}.actor_{name}" for name in _ACTOR)
    return f"a.organization_id = {row}.organization_id AND {same}"


_MEET: Final = (
    f"INSERT INTO changes_actor (organization_id, {', '.join(_ACTOR)}) "
    f"SELECT NEW.organization_id, {', '.join(f'NEW.actor_{name}' for name in _ACTOR)} "
    f"WHERE NOT EXISTS (SELECT 1 FROM changes_actor a WHERE {_known_as('NEW')})"
)
_VALUES: Final = {
    "action": "NEW.action",
    "code": "NEW.code",
    "actor": f"(SELECT CAST(MIN(a.id) AS TEXT) FROM changes_actor a WHERE {_known_as('NEW')})",
}


def _add(slot: str, number: str) -> str:
    """Return the SQL that adds ``number``, an expression per outcome, to the three shares of a change."""
    numbers = ", ".join(number.format(outcome=outcome) for outcome in OUTCOMES)
    sums = ", ".join(f"{outcome} = changes_share.{outcome} + excluded.{outcome}" for outcome in OUTCOMES)
    rows = ", ".join(f"(NEW.organization_id, '{name}', {_VALUES[name]}, {slot}, {numbers})" for name in DIMENSIONS)
    return (
        f"INSERT INTO changes_share ({_COLUMNS}) VALUES {rows} ON CONFLICT ({', '.join(_SHARE)}) DO UPDATE SET {sums}"
    )


def _triggers(slot: str) -> tuple[Trigger, ...]:
    on_insert, on_update = f"{_MEET}; {_add(slot, MORE)}", _add(slot, MOVES)
    return (
        Trigger("changes_share_asked", "changes_change", "INSERT", "", "", does=on_insert),
        Trigger("changes_share_moved", "changes_change", "UPDATE", "NEW.outcome <> OLD.outcome", "", does=on_update),
    )


SHARES: Final = {vendor: _triggers(slot.format(at="NEW.requested_at")) for vendor, slot in SLOTS.items()}
"""The triggers of the shares, by database."""


def share_query(vendor: str) -> str:
    """Return the query that computes the shares: organization, dimension, value, slot, the number of each outcome."""
    slot = SLOTS[vendor].format(at="c.requested_at")
    sources = (
        ("action", "c.action", "changes_change c"),
        ("code", "c.code", "changes_change c"),
        ("actor", "CAST(a.id AS TEXT)", f"changes_change c JOIN changes_actor a ON {_known_as('c')}"),
    )
    return " UNION ALL ".join(
        f"SELECT c.organization_id, '{name}', {value}, {slot}, {SUMS} FROM {source} GROUP BY 1, 2, 3, 4"
        for name, value, source in sources
    )


def first_mismatch(vendor: str) -> str:
    """Return the query of the first share that differs from the changes. The database compares them: there are many."""
    stored = f"SELECT {_COLUMNS} FROM changes_share WHERE {' <> 0 OR '.join(OUTCOMES)} <> 0"
    return (
        f"WITH kept AS ({stored}), there ({_COLUMNS}) AS ({share_query(vendor)}) "
        "SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM there) AS more "
        "UNION ALL SELECT * FROM (SELECT * FROM there EXCEPT SELECT * FROM kept) AS less ORDER BY 1, 4, 2, 3 LIMIT 1"
    )


def fill_shares(vendor: str) -> tuple[str, ...]:
    """Return the statements that fill actors and shares from the existing changes."""
    actors = ", ".join(f"actor_{name}" for name in _ACTOR)
    return (
        f"INSERT INTO changes_actor (organization_id, {', '.join(_ACTOR)}) "
        f"SELECT DISTINCT organization_id, {actors} FROM changes_change",
        f"INSERT INTO changes_share ({_COLUMNS}) {share_query(vendor)}",
    )
