"""Which field of a record was changed, as far as that can be known.

The hash says that something was changed, not what. But most of what a record says stands elsewhere too: in its change,
in the other events of the change, in its neighbours, or it is one of a few words. The field whose other value brings
the hash back is the one.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from accounts_ui.changes.chain.records import FIELDS, format_problem, is_signed, record_hash
from accounts_ui.changes.models import Action, EventKind, Outcome
from accounts_ui.directory.statuses import STATUSES

Keys = Mapping[str, Any]

_WORDS: Final[dict[str, list[Any]]] = {
    "v": list(FIELDS),
    "action": Action.values,
    "event": EventKind.values,
    "outcome": Outcome.values,
    "http_status": [None, *range(100, 600)],
    "evidence": [None],
    "before": [None, *STATUSES],
    "after": [None, *STATUSES],
}


def describe_tampering(record: Mapping[str, Any], relatives: Iterable[Mapping[str, Any]], keys: Keys) -> str:
    """A phrase that names the field of ``record`` and, where that helps, what it was.

    Args:
        relatives: records and parts of records that hold the same values: the record before, the change, its events.

    """
    sealed = record_hash(record)
    key = keys.get(str(record.get("key_id")))
    if key is not None and is_signed(key.public, bytes.fromhex(sealed), record.get("signature")):
        return "hash was changed"
    for name, value in _candidates(record, list(relatives), keys):
        if record_hash(_with(record, name, value)) == record.get("hash"):
            return f"{name} was changed: {value!r} was signed"
    if record.get("v") not in FIELDS:
        return format_problem(record)
    return "a field was changed, to or from what nothing else in the log holds (such as detail, message or evidence)"


def _candidates(record: Mapping[str, Any], relatives: list[Mapping[str, Any]], keys: Keys) -> Iterator[tuple[str, Any]]:
    yield from (("key_id", name) for name in keys)
    for relative in relatives:
        yield from _held_by(relative, record)
    yield from ((name, word) for name, words in _WORDS.items() for word in words)
    yield from ((name, "") for name in record)


def _held_by(relative: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
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
