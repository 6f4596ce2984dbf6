"""Breaks of a log, and the signed statements with which a person acknowledged one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from accounts_ui.changes.chain.record_bytes import record_hashes

MISSING: Final = "missing"
"""What an acknowledgement says instead of a hash if there was no record."""

FIELDS: Final = ("found_hash", "sequence", "through", "what")


class BrokenLog(Exception):
    """The log does not verify. ``sequence`` is the place of the first break, if it has one.

    ``of_record`` says whether the record itself is broken, or missing. Only that can be acknowledged: what was made
    from records, such as a change, can be made again.
    """

    def __init__(self, sequence: int | None, what: str, *, of_record: bool = False) -> None:
        super().__init__(f"sequence {sequence}: {what}" if sequence is not None else what)
        self.sequence = sequence
        self.what = what
        self.of_record = of_record

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a worker process hand it over."""
        return _restore, (self.sequence, self.what, self.of_record)


def _restore(sequence: int | None, what: str, of_record: bool) -> BrokenLog:
    return BrokenLog(sequence, what, of_record=of_record)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A break that somebody acknowledged: from ``sequence`` to ``through``, as the record stood then."""

    at_sequence: int  # of the event that says so
    sequence: int
    through: int
    found_hash: str
    what: str
    at: str
    by: str

    def describe(self) -> str:
        """Say which break was acknowledged, when and by whom."""
        where = f"{self.sequence}" if self.through == self.sequence else f"{self.sequence} to {self.through}"
        return f"Sequence {where}: a break that was acknowledged at {self.at} by {self.by}: {self.what}"


class Acknowledgements(dict[int, Acknowledgement]):
    """The acknowledged breaks of a log by their first sequence."""

    def of_record(self, record: Mapping[str, Any]) -> Acknowledgement | None:
        """Return the acknowledgement of a broken record, if it was given for the record as it stands."""
        found = self.get(record["sequence"])
        if found is None or found.at_sequence <= record["sequence"] or found.found_hash != found_hash(record):
            return None
        return found

    def of_gap(self, sequence: int) -> Acknowledgement | None:
        """Return the acknowledgement that this record is missing."""
        found = self.get(sequence)
        return found if found and found.found_hash == MISSING and found.at_sequence > found.through else None


def read_acknowledgements(records: Iterable[Mapping[str, Any]]) -> Acknowledgements:
    """Return what the ``break_acknowledged`` events of a log say.

    One that was acknowledged as a break itself says nothing: somebody without the key appended it.

    Raises:
        BrokenLog: an event is not such a statement.

    """
    valid = Acknowledgements()
    for record in sorted(records, key=lambda record: int(record["sequence"]), reverse=True):
        if valid.of_record(record) is None:
            statement = _read(record)
            valid.setdefault(statement.sequence, statement)  # a later one of the same break counts
    return valid


def _read(record: Mapping[str, Any]) -> Acknowledgement:
    about = record.get("about")
    kinds = [type(about[name]) for name in sorted(about)] if isinstance(about, dict) else []
    if kinds != [str, int, int, str] or not isinstance(about, dict) or sorted(about) != sorted(FIELDS):
        what = "the acknowledged break does not say what it is about"
        raise BrokenLog(record["sequence"], what, of_record=True)
    actor = record.get("actor")
    by = str(actor.get("name")) if isinstance(actor, dict) else ""
    values = {name: about[name] for name in FIELDS}
    return Acknowledgement(record["sequence"], by=by, at=str(record.get("at")), **values)


def found_hash(record: Mapping[str, Any]) -> str:
    """Return the hash by which an acknowledgement names a record as it stands."""
    return record_hashes(dict(record))[1].hex()
