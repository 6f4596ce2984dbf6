"""Find the person that a line of a list names: by id, e-mail address or username, each of which has to agree.

A list decides about many people at once, and nobody looks at each line. So a line that could mean somebody else is not
planned, and a near match is only named as a hint.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from accounts_ui.directory.ids import MAX_LENGTH
from accounts_ui.directory.listing import Listing
from accounts_ui.plans.models import CheckResult
from accounts_ui.services.bulk.csv_columns import PERSON_FIELDS
from accounts_ui.services.bulk.identifiers import address_of, clean_identifier
from accounts_ui.text.folding import fold, search_words
from console.identifiers import identifier_key
from console.plain_text import one_line
from console.recorded_text import join_texts, recorded

_MAX_SAME: Final = 100  # people with the same identifier that are counted

_AMBIGUOUS = recorded("plan_row.person_ambiguous", "Ambiguous person: {number} people have {text}. Use the subject id.")
_NOBODY = recorded("plan_row.person_unknown", "Nobody in the directory’s list has {text}.")
_NO_PERSON = recorded("plan_row.no_person", "This line names no person.")
_TWO_PEOPLE = recorded("plan_row.two_people", "Line {line} names two people: {first} and {second}.")
_DISAGREES = recorded("plan_row.nobody_beside", "Line {line} names two people: nobody has {text}, {other} is known.")
_OTHER_NAME = recorded(
    "plan_row.other_name", "Line {line} names two people: {text} is called {listed} in the directory, not {name}."
)
_NEAR = recorded("plan_row.near_match", "Did you mean {text}?")
_ZEROS = recorded("plan_row.leading_zeros", "Did you mean {text}? Spreadsheets drop leading zeros.")
_ALSO_ZEROS = recorded(
    "plan_row.also_leading_zeros",
    "There is {text} as well, and spreadsheets drop leading zeros. Add the e-mail address to say who is meant.",
)
_SIMILAR_ID = recorded("plan_row.similar_id", "Another person has {text}: with other leading zeros.")


class FoundPerson(NamedTuple):
    """The person of a line.

    Args:
        subject_id: as the directory writes it; as the line does if nobody has it.
        lines: the lines of the listing that are about the person.
        result: why the line cannot be planned; ``None`` if nothing is wrong with its person.
        detail: the same in words, or a hint.

    """

    subject_id: str
    lines: Collection[int] = ()
    result: CheckResult | None = None
    detail: str = ""


class _Mention(NamedTuple):
    """One cell that identifies a person, and the subject ids that fit it."""

    field: str
    text: str
    subject_ids: Collection[str]


class PersonFinder:
    """Finds people in one listing. Everything is indexed once, so a line costs a few look-ups.

    Args:
        recorded_people: subject ids that the log knows: they may be missing from the list.

    """

    def __init__(self, listing: Listing, recorded_people: Collection[str]) -> None:
        self._columns = listing.lines()
        self._recorded_people = recorded_people
        self._lines: dict[str, list[int]] = {}
        for number, subject_id in enumerate(self._columns.subject_ids):
            if subject_id:
                self._lines.setdefault(subject_id, []).append(number)

    def find(self, values: Mapping[str, str], line: int) -> FoundPerson:
        """Return the person that a line of the list names."""
        mentions = [self._mention(field, text) for field in PERSON_FIELDS if (text := values.get(field))]
        if not mentions:
            return FoundPerson("", result=CheckResult.UNREADABLE, detail=_NO_PERSON)
        found = [mention for mention in mentions if mention.subject_ids]
        if not found:
            return self._not_found(mentions)
        if len(found) < len(mentions):
            return self._refused(self._disagreement(mentions, line))
        common = set(found[0].subject_ids).intersection(*(mention.subject_ids for mention in found[1:]))
        if not common:
            first, second = (self._described(mention) for mention in self._contradicting(found))
            return self._refused(_TWO_PEOPLE.format(line=line, first=first, second=second))
        if len(common) > 1:
            detail = _AMBIGUOUS.format(number=len(common), text=found[0].text)
            return FoundPerson("", result=CheckResult.UNKNOWN_PERSON, detail=detail)
        return self._found(common.pop(), mentions, values.get("name", ""), line)

    def _mention(self, field: str, text: str) -> _Mention:
        if field == "subject_id":
            return _Mention(field, text, self._ids_of(text))
        text = address_of(text) if field == "email" else text
        index = self._emails if field == "email" else self._usernames
        return _Mention(field, text, index.get(identifier_key(text), ()))

    def _ids_of(self, text: str) -> Collection[str]:
        if text in self._lines or text in self._recorded_people:
            return (text,)
        return self._respelled_ids.get(identifier_key(text, with_case=True), ())

    def _found(self, subject_id: str, mentions: list[_Mention], name: str, line: int) -> FoundPerson:
        lines = self._lines.get(subject_id, ())
        listed = next((text for number in lines if (text := self._columns.names[number].strip())), "") if name else ""
        if listed and not _same_name(name, listed):
            detail = _OTHER_NAME.format(line=line, text=mentions[0].text, listed=_shown(listed), name=name)
            return self._refused(detail)
        hint = ""
        similar = self._with_other_zeros(mentions[0]) if len(mentions) == 1 else ""
        if similar:
            hint = _SIMILAR_ID.format(text=similar)
            if len(similar) > len(mentions[0].text):  # a spreadsheet may have made this text of the other one
                detail = _ALSO_ZEROS.format(text=similar)
                return FoundPerson("", result=CheckResult.UNKNOWN_PERSON, detail=detail)
        return FoundPerson(subject_id, lines, detail=hint)

    def _not_found(self, mentions: list[_Mention]) -> FoundPerson:
        first = mentions[0]
        hint = self._hint(first)
        if first.field == "subject_id":  # whether an id that is not listed may be used depends on the directory
            return FoundPerson(first.text, detail=hint)
        detail = join_texts(_NOBODY.format(text=first.text), hint)
        return FoundPerson("", result=CheckResult.UNKNOWN_PERSON, detail=detail)

    def _disagreement(self, mentions: list[_Mention], line: int) -> str:
        missing = next(mention for mention in mentions if not mention.subject_ids)
        other = next(mention for mention in mentions if mention.subject_ids)
        detail = _DISAGREES.format(line=line, text=missing.text, other=self._described(other))
        return join_texts(detail, self._hint(missing))

    def _contradicting(self, found: list[_Mention]) -> tuple[_Mention, _Mention]:
        """Return two cells that have nobody in common, or else the first and the last one."""
        first = found[0]
        other = (mention for mention in found[1:] if not set(first.subject_ids).intersection(mention.subject_ids))
        return first, next(other, found[-1])

    def _described(self, mention: _Mention) -> str:
        """Return a cell, with the id of its person if it is not the id itself."""
        subject_id = _shown(next(iter(mention.subject_ids), ""))
        return mention.text if mention.field == "subject_id" else f"{mention.text} ({subject_id})"

    def _refused(self, detail: str) -> FoundPerson:
        return FoundPerson("", result=CheckResult.UNREADABLE, detail=detail)

    def _hint(self, mention: _Mention) -> str:
        """Return which identifier may have been meant by one that nobody has."""
        similar = self._with_other_zeros(mention)
        if similar:
            return _ZEROS.format(text=similar)
        near = _shown(self._near.get(fold(mention.text), ""))
        return _NEAR.format(text=near) if near and near != mention.text else ""

    def _with_other_zeros(self, mention: _Mention) -> str:
        """Return an identifier of the same kind that differs by leading zeros only; empty if there is none."""
        if mention.field == "email" or not _is_number(mention.text):
            return ""
        same = self._numbers[mention.field].get(mention.text.lstrip("0"), ())
        return next((text for text in same if text != mention.text), "")

    @cached_property
    def _emails(self) -> dict[str, list[str]]:
        return _index(self._columns.emails, self._columns.subject_ids)

    @cached_property
    def _usernames(self) -> dict[str, list[str]]:
        return _index(self._columns.usernames, self._columns.subject_ids)

    @cached_property
    def _respelled_ids(self) -> dict[str, list[str]]:
        """The ids that are not ASCII: only these have another spelling."""
        ids = [text for text in {*self._lines, *self._recorded_people} if not text.isascii()]
        index: dict[str, list[str]] = {}
        for text in ids:
            index.setdefault(identifier_key(clean_identifier(text), with_case=True), []).append(text)
        return index

    @cached_property
    def _numbers(self) -> dict[str, dict[str, list[str]]]:
        """Ids and usernames that are numbers, by their digits without leading zeros."""
        texts = {"subject_id": {*self._lines, *self._recorded_people}, "username": set(self._columns.usernames)}
        return {field: _by_digits(some) for field, some in texts.items()}

    @cached_property
    def _near(self) -> dict[str, str]:
        """All identifiers, by how searches compare them."""
        columns = self._columns
        texts = (*columns.usernames, *columns.emails, *columns.subject_ids)
        return {fold(text): text for text in texts if text}


def _shown(text: str) -> str:
    """Return what the directory says as it can be recorded."""
    return one_line(text, limit=MAX_LENGTH)


def _index(texts: Iterable[str], subject_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the subject ids by their e-mail addresses or usernames."""
    index: dict[str, list[str]] = {}
    for text, subject_id in zip(texts, subject_ids, strict=True):
        if text and subject_id:
            same = index.setdefault(identifier_key(text if text.isascii() else clean_identifier(text)), [])
            if len(same) < _MAX_SAME and subject_id not in same:
                same.append(subject_id)
    return index


def _by_digits(texts: Iterable[str]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for text in sorted(filter(_is_number, texts), key=len, reverse=True):
        index.setdefault(text.lstrip("0"), []).append(text)
    return index


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _same_name(written: str, listed: str) -> bool:
    """Return whether all words of one name are in the other one; an initial stands for its word."""
    shorter, longer = sorted((_words(written), _words(listed)), key=len)
    return not shorter or all(_has_word(word, longer) for word in shorter)


def _words(name: str) -> Collection[str]:
    return [word for text in search_words(name) if (word := text.strip("."))]


def _has_word(word: str, words: Collection[str]) -> bool:
    return any(word == other or (1 in (len(word), len(other)) and word[:1] == other[:1]) for other in words)
