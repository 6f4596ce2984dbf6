"""Parse ``CONSOLE_ORGANIZATIONS``, a JSON object of organization id -> name, admins and auditors.

Each error names the organization, the role and the claim, and says what to write instead.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from console.environment import VariableParser
from console.signin.access.claim_reader import JSON_SPLIT, ClaimReading
from console.signin.access.rules import (
    PLACEHOLDER,
    ClaimRule,
    Organization,
    OrganizationPattern,
    Organizations,
    Rules,
    is_organization_id,
)

_FIELDS: Final = {"name", "admins", "auditors"}
_RULE_KEYS: Final = ("values", "split", "key", "leading_slash")
_EXAMPLE: Final = '{"acme": {"name": "Acme GmbH", "admins": {"groups": ["acme-admins"]}}}'
_MAX_DOTS: Final = 32  # of a claim: more than any name has, and each is a place at which it may lead into an object
_MAX_SPLIT: Final = 5  # characters


class RulesError(ValueError):
    """``CONSOLE_ORGANIZATIONS`` is invalid; the message says which part and what to write."""


class OrganizationsSetting(VariableParser):
    """Parses the JSON that says who may open which organization, or the file at an absolute path."""

    def __call__(self, text: str) -> Organizations:
        if text.startswith("/"):
            try:
                text = Path(text).read_text(encoding="utf-8-sig")  # some editors put a mark at the beginning
            except (OSError, UnicodeError) as error:
                raise self.error(f"{text} cannot be read: {type(error).__name__}") from None
        try:
            return parse_organizations(text)
        except RulesError as error:
            raise self.error(str(error)) from None


def parse_organizations(text: str) -> Organizations:
    """Parse the value of ``CONSOLE_ORGANIZATIONS``.

    Raises:
        RulesError: it is not JSON, or not of the documented form.

    """
    try:
        document = json.loads(text, object_pairs_hook=_reject_duplicate_keys)
    except RulesError:
        raise
    except (ValueError, RecursionError) as error:
        raise RulesError(
            f"not JSON: {error}; an example is {_EXAMPLE}, "
            "or the absolute path of a file: /etc/console/organizations.json"
        ) from None
    if not isinstance(document, dict) or not document:
        raise RulesError(
            "a JSON object with at least one organization is required: without a rule, nobody has access; "
            f"an example is {_EXAMPLE}"
        )
    exact = {key: _organization(key, value) for key, value in document.items() if "*" not in key}
    return Organizations(exact, tuple(_pattern(key, value) for key, value in document.items() if "*" in key))


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise RulesError(f"{key!r} occurs twice in one object; write it once, with all values in one list")
        document[key] = value
    return document


def _organization(key: str, value: Any) -> Organization:
    if not is_organization_id(key):
        raise RulesError(
            f"{key!r} is not an organization id; use 1 to 255 printable characters without /, \\ and %, "
            "as the directory spells the id"
        )
    name, admins, auditors = _entry(key, value, default_name=key)
    for field, rules in (("admins", admins), ("auditors", auditors)):
        for rule in rules:
            if any(PLACEHOLDER in value for value in rule.accepted):
                raise RulesError(
                    f"{key}.{field}.{rule.reading.claim}: {PLACEHOLDER} can be used in patterns only, whose key "
                    f"contains a *; write the value for {key} in full"
                )
    return Organization(key, name, admins, auditors)


def _pattern(key: str, value: Any) -> OrganizationPattern:
    before, _, after = key.partition("*")
    if "*" in after or not is_organization_id(f"{before}x{after}"):
        raise RulesError(f"{key!r} is not a pattern of organization ids: use exactly one *, for the part that differs")
    name, admins, auditors = _entry(key, value, default_name=PLACEHOLDER)
    for field, rules in (("admins", admins), ("auditors", auditors)):
        for rule in rules:
            if not all(value.count(PLACEHOLDER) == 1 for value in rule.accepted):
                raise RulesError(
                    f"{key}.{field}.{rule.reading.claim}: each value must contain {PLACEHOLDER} exactly once, "
                    f'for example "org-{PLACEHOLDER}-admins"'
                )
    return OrganizationPattern(before, after, name, admins, auditors)


def _entry(key: str, value: Any, *, default_name: str) -> tuple[str, Rules, Rules]:
    if not isinstance(value, dict):
        raise RulesError(f"{key}: an object with name, admins and auditors is required, as in {_EXAMPLE}")
    unknown = set(value) - _FIELDS
    if unknown:
        raise RulesError(f"{key}: unknown field {sorted(unknown)[0]!r}; known are name, admins and auditors")
    name = value.get("name", default_name)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise RulesError(f"{key}.name: name must be a non-empty string in one line")
    admins, auditors = (_rules(f"{key}.{field}", value.get(field)) for field in ("admins", "auditors"))
    if not admins and not auditors:
        raise RulesError(f'{key}: nobody has access; add a rule, for example "admins": {{"groups": ["{key}-admins"]}}')
    return name, admins, auditors


def _rules(path: str, value: Any) -> Rules:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise RulesError(
            f'{path}: an object that maps claims to lists of values is required, for example {{"groups": ["staff"]}}'
        )
    return tuple(_rule(path, claim, rule) for claim, rule in value.items())


def _rule(path: str, claim: str, rule: Any) -> ClaimRule:
    if not claim.strip() or claim != claim.strip() or not claim.isprintable() or claim.count(".") > _MAX_DOTS:
        raise RulesError(f'{path}: {claim!r} is not the name of a claim; write it as the provider does, as "groups"')
    path = f"{path}.{claim}"
    if not isinstance(rule, dict):
        reading = _reading(claim)
        return ClaimRule(reading, _values(path, rule, reading))
    unknown = sorted(rule.keys() - set(_RULE_KEYS))
    if unknown:
        raise RulesError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(_RULE_KEYS)}")
    if "values" not in rule:
        raise RulesError(f'{path}: the list of accepted values is missing; add for example "values": ["acme-admins"]')
    reading = _reading(claim, _split(path, rule), _key(path, rule), _ignores_leading_slash(path, rule))
    return ClaimRule(reading, _values(f"{path}.values", rule["values"], reading))


@lru_cache(maxsize=1024)
def _reading(claim: str, split: str = "", key: str = "", ignores_leading_slash: bool = False) -> ClaimReading:
    """Return the same object for the same reading: thousands of organizations may have it."""
    return ClaimReading(claim, split, key, ignores_leading_slash)


def _split(path: str, rule: Mapping[str, Any]) -> str:
    split = rule.get("split", "")
    if "split" not in rule or split == JSON_SPLIT:
        return str(split)
    if not isinstance(split, str) or not 1 <= len(split) <= _MAX_SPLIT or any(c.isalnum() for c in split):
        raise RulesError(
            f'{path}.split: write the separator itself, such as "," or " ", or "json" if the text is a JSON document'
        )
    return split


def _key(path: str, rule: Mapping[str, Any]) -> str:
    key = rule.get("key", "")
    if "key" in rule and (not isinstance(key, str) or not key.strip() or key.count(".") > _MAX_DOTS):
        raise RulesError(f'{path}.key: write the name under which each object holds its value, such as "name"')
    return str(key)


def _ignores_leading_slash(path: str, rule: Mapping[str, Any]) -> bool:
    if "leading_slash" in rule and rule["leading_slash"] != "ignore":
        raise RulesError(
            f'{path}.leading_slash: the only value is "ignore", which makes /acme the same as acme; '
            "remove it if the slash counts"
        )
    return "leading_slash" in rule


def _values(path: str, accepted: Any, reading: ClaimReading) -> frozenset[str]:
    values = [accepted] if isinstance(accepted, str) else accepted
    if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
        raise RulesError(f'{path}: a list of non-empty strings is required, for example ["acme-admins"]')
    normalized = frozenset(map(reading.normalize, values))
    for value in values:
        if not reading.normalize(value):
            raise RulesError(f"{path}: {value!r} is only a slash; write the name behind it")
        if reading.split and reading.split != JSON_SPLIT and (reading.split in value or value != value.strip()):
            raise RulesError(
                f"{path}: {value!r} has the separator {reading.split!r} or a blank at its end, so it never matches a "
                "part of the text; list its parts, without blanks around them"
            )
    return normalized
