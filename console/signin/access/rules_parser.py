"""Parse ``CONSOLE_ORGANIZATIONS``, a JSON object of organization id -> name, admins and auditors."""

import json
from typing import Any, Final

from console.signin.access.rules import (
    PLACEHOLDER,
    ClaimValues,
    Organization,
    OrganizationPattern,
    Organizations,
    is_organization_id,
)

_FIELDS: Final = {"name", "admins", "auditors"}


class RulesError(ValueError):
    """``CONSOLE_ORGANIZATIONS`` is invalid; the message says which part and why."""


def parse_organizations(text: str) -> Organizations:
    """Parse the value of ``CONSOLE_ORGANIZATIONS``.

    Raises:
        RulesError: it is not JSON, or not of the documented form.

    """
    try:
        document = json.loads(text, object_pairs_hook=_reject_duplicate_keys)
    except ValueError as error:
        raise RulesError(f"not JSON: {error}") from None
    if not isinstance(document, dict) or not document:
        raise RulesError("a JSON object with at least one organization is required: without a rule, nobody has access")
    exact = {key: _organization(key, value) for key, value in document.items() if "*" not in key}
    return Organizations(exact, tuple(_pattern(key, value) for key, value in document.items() if "*" in key))


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise RulesError(f"{key!r} occurs twice in one object")
        document[key] = value
    return document


def _organization(key: str, value: Any) -> Organization:
    if not is_organization_id(key):
        raise RulesError(f"{key!r} is not an organization id")
    name, admins, auditors = _entry(key, value, default_name=key)
    for rules in (admins, auditors):
        if any(PLACEHOLDER in value for values in rules.values() for value in values):
            raise RulesError(f"{key}: {PLACEHOLDER} can be used in patterns only, whose key contains a *")
    return Organization(key, name, admins, auditors)


def _pattern(key: str, value: Any) -> OrganizationPattern:
    before, _, after = key.partition("*")
    if "*" in after or not is_organization_id(f"{before}x{after}"):
        raise RulesError(f"{key!r} is not a pattern of organization ids: use exactly one *, for the part that differs")
    name, admins, auditors = _entry(key, value, default_name=PLACEHOLDER)
    for field, rules in (("admins", admins), ("auditors", auditors)):
        for claim, values in rules.items():
            if not all(value.count(PLACEHOLDER) == 1 for value in values):
                raise RulesError(f"{key}.{field}.{claim}: each value must contain {PLACEHOLDER} exactly once")
    return OrganizationPattern(before, after, name, admins, auditors)


def _entry(key: str, value: Any, *, default_name: str) -> tuple[str, ClaimValues, ClaimValues]:
    if not isinstance(value, dict):
        raise RulesError(f"{key}: an object with name, admins and auditors is required")
    unknown = set(value) - _FIELDS
    if unknown:
        raise RulesError(f"{key}: unknown field {sorted(unknown)[0]!r}; known are name, admins and auditors")
    name = value.get("name", default_name)
    if not isinstance(name, str) or not name:
        raise RulesError(f"{key}: name must be a non-empty string")
    admins, auditors = (_rules(key, field, value.get(field)) for field in ("admins", "auditors"))
    if not admins and not auditors:
        raise RulesError(f"{key}: nobody has access; add admins or auditors")
    return name, admins, auditors


def _rules(key: str, field: str, value: Any) -> ClaimValues:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RulesError(f"{key}.{field}: an object that maps claims to lists of values is required")
    return {claim: _values(f"{key}.{field}.{claim}", accepted) for claim, accepted in value.items()}


def _values(path: str, accepted: Any) -> frozenset[str]:
    values = [accepted] if isinstance(accepted, str) else accepted
    if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
        raise RulesError(f"{path}: a list of non-empty strings is required")
    return frozenset(values)
