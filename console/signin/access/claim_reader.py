"""Read the values of a person's claims, in the way that a rule says.

==============================  ====================================================================================
The claim holds                 Its values are
==============================  ====================================================================================
a text                          that text; with ``split``, its parts
a list                          the texts in it; with ``key``, what its objects hold under that key
an object                       its keys, but for those whose value is false or null; with ``key``, the value there
anything else                   none
==============================  ====================================================================================

A claim is looked up by its name as it stands. If there is none, a dot in the name leads into objects.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from console.identifiers import identifier_key
from console.json_depth import MAX_JSON_DEPTH, json_depth

JSON_SPLIT: Final = "json"
"""The value of ``split`` for a text that is a JSON document itself."""


@dataclass(frozen=True, slots=True)
class ClaimReading:
    """Which claim a rule reads, and how.

    Attributes:
        claim: its name, or a dotted path into objects.
        split: what separates the values of a text; ``json`` if the text is JSON; empty if it is one value.
        key: the key of objects that holds their value, or a dotted path.
        ignores_leading_slash: ``/group`` is the same value as ``group``.

    """

    claim: str
    split: str = ""
    key: str = ""
    ignores_leading_slash: bool = False

    @property
    def is_email(self) -> bool:
        """Whether the claim is the e-mail address, which counts only if it is verified."""
        return self.claim == "email"

    def normalize(self, text: str) -> str:
        """Return the form in which a value of the claim and an accepted value are compared."""
        if self.ignores_leading_slash:
            text = text.removeprefix("/")
        return identifier_key(text) if self.is_email else text


class FoundClaim(NamedTuple):
    """Where a claim was found, as the keys that lead to it, and its value."""

    location: tuple[str, ...]
    value: Any


class ClaimReader:
    """The claims of one person. Each reading is evaluated once, however many rules use it."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self.claims = claims
        self._values: dict[ClaimReading, frozenset[str]] = {}

    def values(self, reading: ClaimReading) -> frozenset[str]:
        """Return the normalized values; none for an e-mail address that is not verified."""
        if reading not in self._values:
            self._values[reading] = self._read(reading)
        return self._values[reading]

    def _read(self, reading: ClaimReading) -> frozenset[str]:
        if reading.is_email and not is_verified(self.claims.get("email_verified")):
            return frozenset()
        found = find_claim(self.claims, reading.claim)
        return frozenset(map(reading.normalize, iterate_texts(found.value, reading))) if found else frozenset()


def find_claim(document: Mapping[str, Any], path: str) -> FoundClaim | None:
    """Return the claim: by its name as it stands, else by the longest beginning that is the name of an object."""
    if path in document:
        return FoundClaim((path,), document[path])
    dot = path.rfind(".")
    while dot > 0:
        inner = document.get(path[:dot])
        if isinstance(inner, Mapping) and (found := find_claim(inner, path[dot + 1 :])):
            return FoundClaim((path[:dot], *found.location), found.value)
        dot = path.rfind(".", 0, dot)
    return None


def top_level_names(path: str) -> Iterator[str]:
    """Yield the names of the claims in which ``find_claim`` looks."""
    yield path
    for position, character in enumerate(path):
        if character == "." and position:
            yield path[:position]


def iterate_texts(value: Any, reading: ClaimReading) -> Iterator[str]:
    """Yield the values of a claim, not normalized, as the reading says."""
    if isinstance(value, str) and reading.split:
        value = split_text(value, reading.split)
    if not reading.key:
        yield from _plain_texts(value)
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping) and (found := find_claim(item, reading.key)):
            yield from _plain_texts(found.value)


def split_text(text: str, split: str) -> Any:
    """Return the parts of a text, or the JSON document that it is; ``None`` if it is not, or too deep."""
    if split != JSON_SPLIT:
        return [part.strip() for part in text.split(split) if part.strip()]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if json_depth(document) <= MAX_JSON_DEPTH else None


def is_verified(flag: Any) -> bool:
    """Return whether ``email_verified`` says yes. Some providers send it as text: ``true`` or ``false``."""
    return flag is True or (isinstance(flag, str) and flag.strip().lower() == "true")


def _plain_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (text for text in value if isinstance(text, str))
    elif isinstance(value, Mapping):
        yield from (key for key, held in value.items() if held is not None and held is not False)
