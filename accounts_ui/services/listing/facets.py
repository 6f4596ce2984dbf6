"""Search and filters of lists. Each facet counts the rows that the other filters leave."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from types import MappingProxyType
from typing import TypeVar

from accounts_ui.services.state.account_types import TypeRow
from accounts_ui.text.folding import fold, search_words

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet. If it is chosen, ``count`` rows are left."""

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
        """Return the value that narrows the rows now."""
        return next((option for option in self.options if option.chosen), None)


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
    """Return the rows that have all that is ``chosen``, and the facets with their counts.

    Args:
        dimensions: for each facet, a function that returns the values of a row.
        weights: how many rows each of ``rows`` stands for.
        labels: names of the values of a facet; a value without one is shown as it is.

    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in dimensions}
    narrowed = []
    for row, weight in zip(rows, weights, strict=False):
        values = {name: set(of(row)) for name, of in dimensions.items()}
        unmet = [name for name, value in chosen.items() if value and value not in values[name]]
        if not unmet:
            narrowed.append(row)
        for name in dimensions:
            if weight and (not unmet or unmet == [name]):
                counts[name].update(dict.fromkeys(values[name], weight))
    return narrowed, [_facet(name, counts[name], labels.get(name, {}), chosen.get(name, "")) for name in dimensions]


def rows_with_words(rows: list[_T], q: str, texts: Callable[[_T], Iterable[str]]) -> list[_T]:
    """Return the rows whose texts contain each word of ``q``, without case and accents."""
    words = search_words(q)
    if not words:
        return rows
    matching = []
    for row in rows:
        text = fold("\n".join(texts(row)))
        if all(word in text for word in words):
            matching.append(row)
    return matching


def searched_texts(row: TypeRow) -> Iterable[str]:
    """Return what a search reads of an account type."""
    return (row.code, row.name, row.description)


def _facet(name: str, counts: Counter[str], labels: Mapping[str, str], chosen: str) -> Facet:
    values = {value for value in counts if value} | ({chosen} if chosen else set())
    options = [Option(value, labels.get(value) or value, counts[value], value == chosen) for value in values]
    return Facet(name, sorted(options, key=lambda option: (-option.count, fold(option.label))))
