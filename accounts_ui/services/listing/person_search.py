"""Find people to choose one: only who they are counts, and the nearest come first."""

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from accounts_ui.directory.ids import is_id
from accounts_ui.services.listing.account_index import AccountIndex
from accounts_ui.text.folding import fold, search_words

_MANY: Final = 3_000  # matches, of which only those are ranked in which every word begins one of theirs
_BREAKS: Final = re.compile(r"[\s.@_+:/()]+")


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """The subject ids of the nearest people, and how many match.

    Attributes:
        without_page: how many more match a search, but nobody can choose them: their id has no address.

    """

    nearest: list[str]
    total: int
    without_page: int = 0


def find_people(index: AccountIndex, who: str, *, most: int) -> FoundPeople:
    """Return the people whose name, e-mail address, username or id contains each word of ``who``, the nearest first.

    Before all others comes whoever has ``who`` as id: it may have separators, and many people its parts.
    """
    words = search_words(who)
    if not words:
        listed = list(index.subject_ids(index.search()))
        return FoundPeople(listed[:most], len(listed))
    lines = _lines_with(index, words)
    by_id = {subject_id: line for line in lines if (subject_id := index.listing.subject_id(line))}
    people = {subject_id: line for subject_id, line in by_id.items() if is_id(subject_id)}
    ranked = people if len(people) <= _MANY else _beginning(index, people, words, most)
    whole = who.strip()
    if whole in people:
        ranked = {**ranked, whole: people[whole]}
    texts = index.search_index

    def rank(person: tuple[str, int]) -> tuple[bool, int, int, str, str]:
        subject_id, line = person
        return subject_id != whole, *nearness(words, texts.texts_of(line)), texts.texts_of(line)[1], subject_id

    nearest = heapq.nsmallest(most, ranked.items(), key=rank)
    return FoundPeople([subject_id for subject_id, _line in nearest], len(people), len(by_id) - len(people))


def contain_words(texts: Iterable[str], who: str) -> bool:
    """Return whether each word of ``who`` is in one of the texts."""
    folded = [fold(text) for text in texts]
    return all(any(word in text for text in folded) for word in search_words(who))


def nearness(words: Sequence[str], texts: Sequence[str]) -> tuple[int, int]:
    """Return how far a search is from a person, 0 for the nearest: by the words, then by what else the name has.

    Args:
        words: the folded words of the search.
        texts: the folded id, name, e-mail address and username.

    """
    of_name = _BREAKS.split(texts[1])
    of_others = [word for text in texts if text is not texts[1] for word in _BREAKS.split(text)]
    return sum(_distance(word, texts, of_name, of_others) for word in words), len(of_name)


def _distance(word: str, texts: Sequence[str], of_name: Sequence[str], of_others: Sequence[str]) -> int:
    """Return 0 for a whole word of the name, up to 5 for what is only in the middle of a word."""
    if word in of_name:
        return 0
    if word in texts:
        return 1
    if any(begun.startswith(word) for begun in of_name):
        return 2
    if word in of_others:
        return 3
    return 4 if any(begun.startswith(word) for begun in (*of_others, *texts)) else 5


def _lines_with(index: AccountIndex, words: list[str]) -> list[int]:
    first, *others = (index.search_index.find_lines(word) for word in words)
    among = [set(lines) for lines in others]
    return [line for line in first if all(line in lines for lines in among)]


def _beginning(index: AccountIndex, people: dict[str, int], words: list[str], most: int) -> dict[str, int]:
    """Return those of the people of whose name each word begins a word; all people if these are too few."""
    beginnings = [index.search_index.lines_with_beginning(word) for word in words]
    near = {one: line for one, line in people.items() if all(line in lines for lines in beginnings)}
    return near if len(near) >= most else people
