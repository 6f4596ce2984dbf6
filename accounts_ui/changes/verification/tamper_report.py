"""Find out which field of a record was changed, if possible.

The hash shows that something was changed, but not what. Most values of a record also occur elsewhere: in its change, in
the other events of the change, in its neighbours, or among a few constants. If one of those values, put into a field,
restores the signed hash, then that field was changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from accounts_ui.changes.chain.keyring import Keyring
from accounts_ui.changes.chain.records import FIELDS, format_problem, is_signed, record_hash
from accounts_ui.changes.models import Action, EventKind, Outcome
from accounts_ui.directory.statuses import STATUSES

_POSSIBLE_VALUES: Final[dict[str, list[Any]]] = {
    "v": list(FIELDS),
    "action": Action.values,
    "event": EventKind.values,
    "outcome": Outcome.values,
    "http_status": [None, *range(100, 600)],
    "evidence": [None],
    "before": [None, *STATUSES],
    "after": [None, *STATUSES],
}


def describe_tampering(record: Mapping[str, Any], relatives: Iterable[Mapping[str, Any]], keys: Keyring) -> str:
    """Return a phrase that names the changed field of ``record`` and the value that was signed.

    Args:
        relatives: records and parts of records with the same values: the record before, the change, its events.

    """
    expected = record_hash(record)
    own = [period.public for period in keys.periods if period.id == record.get("key_id")]
    if any(is_signed(public, bytes.fromhex(expected), record.get("signature")) for public in own):
        return "hash was changed"
    for name, value in _candidates(record, list(relatives), keys):
        if record_hash(_with(record, name, value)) == record.get("hash"):
            return f"{name} was changed: {value!r} was signed"
    if record.get("v") not in FIELDS:
        return format_problem(record)
    return "a field was changed whose signed value occurs nowhere else in the log (such as detail, message or evidence)"


def _candidates(
    record: Mapping[str, Any], relatives: list[Mapping[str, Any]], keys: Keyring
) -> Iterator[tuple[str, Any]]:
    yield from (("key_id", name) for name in keys.ids())
    for relative in relatives:
        yield from _values_of(relative, record)
    yield from ((name, word) for name, words in _POSSIBLE_VALUES.items() for word in words)
    yield from ((name, "") for name in record)


def _values_of(relative: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "sequence" in relative:
        yield "sequence", relative["sequence"]
        yield "sequence", relative["sequence"] + 1
    yield "previous_hash", relative.get("hash")
    actor = relative.get("actor")
    if isinstance(actor, Mapping):
        yield from ((f"actor.{part}", text) for part, text in actor.items())
    for name, value in relative.items():
        if name in record and name not in ("hash", "signature"):
            yield name, value


def _with(record: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    if not name.startswith("actor."):
        return {**record, name: value}
    actor = record.get("actor")
    part = name.removeprefix("actor.")
    return {**record, "actor": {**(actor if isinstance(actor, Mapping) else {}), part: value}}
