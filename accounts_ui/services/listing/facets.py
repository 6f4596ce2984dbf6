"""What matches a search, and what could narrow it further: each facet counts what the other filters leave."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from types import MappingProxyType
from typing import TypeVar

from accounts_ui.services.state.account_types import TypeRow
from accounts_ui.services.text import fold

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


TYPE_FACETS: dict[str, Callable[[TypeRow], Iterable[str]]] = {
    "status": lambda row: [row.status],
    "source": lambda row: [row.source],
}


def narrow(
    rows: Iterable[_T],
    dimensions: Mapping[str, Callable[[_T], Iterable[str]]],
    chosen: Mapping[str, str],
    *,
    weights: Iterable[int] = repeat(1),
    labels: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> tuple[list[_T], list[Facet]]:
    """The rows that have all that is ``chosen``, and the facets with their counts.

    Args:
        dimensions: the values of each facet in a row.
        weights: for how many each row stands.
        labels: what to call the values of a facet, where not by themselves.

    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in dimensions}
    kept = []
    for row, weight in zip(rows, weights, strict=False):
        values = {name: set(of(row)) for name, of in dimensions.items()}
        missed = [name for name, value in chosen.items() if value and value not in values[name]]
        if not missed:
            kept.append(row)
        for name in dimensions:
            if weight and (not missed or missed == [name]):
                counts[name].update(dict.fromkeys(values[name], weight))
    return kept, [_facet(name, counts[name], labels.get(name, {}), chosen.get(name, "")) for name in dimensions]


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


def texts_of_type(row: TypeRow) -> Iterable[str]:
    """What a search looks at."""
    return (row.code, row.name, row.description)


def _facet(name: str, counts: Counter[str], labels: Mapping[str, str], chosen: str) -> Facet:
    values = {value for value in counts if value} | ({chosen} if chosen else set())
    options = [Option(value, labels.get(value) or value, counts[value], value == chosen) for value in values]
    return Facet(name, sorted(options, key=lambda one: (-one.count, fold(one.label))))
