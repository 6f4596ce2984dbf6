"""Shorten a person's claims to what decisions depend on: they are stored in the session and read on every request."""

import json
from collections.abc import Mapping
from typing import Any, Final

from console.signin.access.claim_reader import (
    JSON_SPLIT,
    ClaimReading,
    find_claim,
    iterate_texts,
    split_text,
)
from console.signin.access.rules import OVERAGE_CLAIMS, Organizations

_MAX_WHOLE: Final = 8000  # characters of a claim, as JSON, that is stored as it is
_OTHER_VALUES: Final = 10  # of a longer claim that are stored although no rule accepts them
_MAX_OTHER: Final = 1000  # characters of such a value
_MAX_TEXT: Final = 100_000  # characters of a text that rules split in several ways; a longer one is dropped


def relevant_claims(organizations: Organizations, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that decisions depend on. All rules decide on them as on the whole claims."""
    relevant: dict[str, Any] = {}
    for name in OVERAGE_CLAIMS:
        if name in claims:
            relevant[name] = _overage(claims[name])
    by_location: dict[tuple[str, ...], list[ClaimReading]] = {}
    for reading in organizations.readings:
        if found := find_claim(claims, reading.claim):
            by_location.setdefault(found.location, []).append(reading)
    if ("email",) in by_location and "email_verified" in claims:
        relevant["email_verified"] = _shorten(organizations, claims["email_verified"], [])
    for location in sorted(by_location, key=len):  # an object before what is in it
        _insert(relevant, location, _shorten(organizations, _value_at(claims, location), by_location[location]))
    return relevant


def _value_at(claims: Mapping[str, Any], location: tuple[str, ...]) -> Any:
    value: Any = claims
    for key in location:
        value = value[key]
    return value


def _insert(claims: dict[str, Any], location: tuple[str, ...], value: Any) -> None:
    """Set the value at a location, through objects that are made as needed and never shared with the original."""
    for key in location[:-1]:
        inner = claims.get(key)
        claims[key] = dict(inner) if isinstance(inner, Mapping) else {}
        claims = claims[key]
    claims[location[-1]] = value


def _overage(value: Any) -> Any:
    """Return which claims were left out, without the addresses at which they are."""
    if not isinstance(value, Mapping):
        return value is True
    return {name: "" for name in list(value)[:_OTHER_VALUES] if len(name) <= _MAX_OTHER}


def _shorten(organizations: Organizations, value: Any, readings: list[ClaimReading]) -> Any:
    if not isinstance(value, str | list | Mapping) or len(json.dumps(value)) <= _MAX_WHOLE:
        return value
    if isinstance(value, str):
        return _shorten_text(organizations, value, readings)
    plain = _kept(organizations, value, [reading for reading in readings if not reading.key])
    by_key = [reading for reading in readings if reading.key]
    if isinstance(value, list):
        return [*plain, *({reading.key: _kept(organizations, value, [reading])} for reading in by_key)]
    return _shorten_object(organizations, value, plain, by_key)


def _shorten_object(
    organizations: Organizations, value: Mapping[str, Any], plain: list[str], by_key: list[ClaimReading]
) -> dict[str, Any]:
    """Return the keys that count as values, and what rules read at keys: there, because each key may be a value."""
    kept: dict[str, Any] = dict.fromkeys(plain, True)
    for reading in by_key:
        found = find_claim(value, reading.key)
        if found is None:
            continue
        texts = _kept(organizations, value, [reading])
        if texts:
            _insert(kept, found.location, dict.fromkeys(texts, True) if isinstance(found.value, Mapping) else texts)
    return kept


def _shorten_text(organizations: Organizations, text: str, readings: list[ClaimReading]) -> str:
    splits = {reading.split for reading in readings}
    if len(splits) > 1:
        return text if len(text) <= _MAX_TEXT else ""
    split = next(iter(splits), "")
    if not split:
        return "".join(_kept(organizations, text, readings)[:1])
    parts = split_text(text, split)
    if split == JSON_SPLIT:
        return json.dumps(_shorten(organizations, parts, readings))
    return split.join(_kept(organizations, parts, readings))


def _kept(organizations: Organizations, value: Any, readings: list[ClaimReading]) -> list[str]:
    """Return the values that a rule accepts, and some others, which explain to the operator why no rule matches."""
    accepted: list[str] = []
    others: list[str] = []
    for reading in readings:
        texts = list(dict.fromkeys(iterate_texts(value, reading)))
        good = organizations.accepted_values(reading, frozenset(map(reading.normalize, texts)))
        accepted += [text for text in texts if reading.normalize(text) in good]
        others += [text for text in texts if reading.normalize(text) not in good and len(text) <= _MAX_OTHER]
    return list(dict.fromkeys([*accepted, *others[:_OTHER_VALUES]]))
