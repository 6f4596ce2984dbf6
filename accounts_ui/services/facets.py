"""What matches a search, and what could narrow it further: each facet counts what the other filters leave."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from accounts_ui.services.catalogue import TypeRow
from accounts_ui.services.people import AccountRow
from accounts_ui.services.texts import fold

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet: ``count`` rows would be left."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A property that rows can be narrowed by; ``name`` is its parameter in the address."""

    name: str
    options: list[Option]

    @property
    def chosen(self) -> Option | None:
        """The value that narrows the rows now."""
        return next((one for one in self.options if one.chosen), None)


@dataclass(frozen=True, slots=True)
class Dimension(Generic[_T]):
    """How the values of a facet are found in a row, and how they are called."""

    values: Callable[[_T], Iterable[str]]
    labels: Callable[[_T], dict[str, str]] = lambda row: {}


ACCOUNT_FACETS: dict[str, Dimension[AccountRow]] = {
    "status": Dimension(lambda row: [row.status]),
    "type": Dimension(lambda row: row.codes, lambda row: _type_names(row)),
    "role": Dimension(lambda row: row.roles),
}

TYPE_FACETS: dict[str, Dimension[TypeRow]] = {
    "status": Dimension(lambda row: [row.status]),
    "source": Dimension(lambda row: [row.source]),
}


def narrow(
    rows: list[_T], dimensions: dict[str, Dimension[_T]], chosen: dict[str, str]
) -> tuple[list[_T], list[Facet]]:
    """The rows that have all that is ``chosen``, and the facets with their counts."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in dimensions}
    labels: dict[str, dict[str, str]] = {name: {} for name in dimensions}
    kept = []
    for row in rows:
        values = {name: set(one.values(row)) for name, one in dimensions.items()}
        missed = [name for name, value in chosen.items() if value and value not in values[name]]
        if not missed:
            kept.append(row)
        for name in dimensions:
            labels[name].update(dimensions[name].labels(row))
            if not missed or missed == [name]:
                counts[name].update(values[name])
    return kept, [_facet(name, counts[name], labels[name], chosen.get(name, "")) for name in dimensions]


def mentioning(rows: list[_T], q: str, texts: Callable[[_T], Iterable[str]]) -> list[_T]:
    """The rows whose texts have each word of ``q``, case and accents aside."""
    words = fold(q).split()
    if not words:
        return rows
    found = []
    for row in rows:
        text = fold("\n".join(texts(row)))
        if all(word in text for word in words):
            found.append(row)
    return found


def texts_of_account(row: AccountRow) -> Iterable[str]:
    """What a search looks at."""
    return (row.name, row.email, row.username, row.subject_id or "", *row.codes, row.type_name, row.text)


def texts_of_type(row: TypeRow) -> Iterable[str]:
    """What a search looks at."""
    return (row.code, row.name, row.description)


def _facet(name: str, counts: Counter[str], labels: dict[str, str], chosen: str) -> Facet:
    values = {value for value in counts if value} | ({chosen} if chosen else set())
    options = [Option(value, labels.get(value) or value, counts[value], value == chosen) for value in values]
    return Facet(name, sorted(options, key=lambda one: (-one.count, fold(one.label))))


def _type_names(row: AccountRow) -> dict[str, str]:
    named = {one.code: one.type_name for one in row.recorded if one.type_name}
    return named | {row.code: row.type_name} if row.code is not None and row.type_name else named
