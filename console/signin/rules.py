"""Who may open which organization: ``CONSOLE_ORGANIZATIONS``, parsed and applied.

A rule is claim -> accepted values; one match is enough; a claim can be a string or a list. ``email`` counts only
where ``email_verified`` is true. Nothing matches: no access. Pure functions over plain data, so that a decision can
be explained and tested without a request.
"""

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

ClaimValues = Mapping[str, frozenset[str]]


class RulesError(ValueError):
    """The rules cannot be used; the message says which part and why."""


class Role(enum.StrEnum):
    """What a person may do in one organization."""

    ADMIN = "admin"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """The role, for people."""
        return {Role.ADMIN: gettext("admin"), Role.AUDITOR: gettext("auditor")}[self]


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization and the claims that open it."""

    id: str
    name: str
    admins: ClaimValues
    auditors: ClaimValues

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """The role that ``claims`` give here; ``None`` where no rule matches."""
        if _matches(self.admins, claims):
            return Role.ADMIN
        if _matches(self.auditors, claims):
            return Role.AUDITOR
        return None


def parse_organizations(text: str) -> dict[str, Organization]:
    """Read ``CONSOLE_ORGANIZATIONS``.

    Raises:
        RulesError: not JSON, or not of the documented form.

    """
    try:
        document = json.loads(text, object_pairs_hook=_no_repeats)
    except ValueError as error:
        raise RulesError(f"not JSON: {error}") from None
    if not isinstance(document, dict) or not document:
        raise RulesError("a JSON object with at least one organization is needed: deny by default needs a rule")
    return {key: _organization(key, value) for key, value in document.items()}


def rule_claims(organizations: Mapping[str, Organization]) -> frozenset[str]:
    """The names of all claims that some rule looks at (with what ``email`` depends on)."""
    names = {name for org in organizations.values() for rules in (org.admins, org.auditors) for name in rules}
    return frozenset(names | ({"email_verified"} if "email" in names else set()))


def _matches(rules: ClaimValues, claims: Mapping[str, Any]) -> bool:
    return any(_claim_matches(name, accepted, claims) for name, accepted in rules.items())


def _claim_matches(name: str, accepted: frozenset[str], claims: Mapping[str, Any]) -> bool:
    if name == "email" and claims.get("email_verified") is not True:
        return False
    value = claims.get(name)
    values = value if isinstance(value, list) else [value]
    return any(isinstance(one, str) and one in accepted for one in values)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RulesError(f"{key!r} stands twice in one object")
        found[key] = value
    return found


def _organization(key: str, value: Any) -> Organization:
    if not key or len(key) > 255 or any(c in "/\\" or ord(c) < 32 for c in key) or key in (".", ".."):
        raise RulesError(f"{key!r} is not an organization id")
    if not isinstance(value, dict):
        raise RulesError(f"{key}: an object with name, admins and auditors is needed")
    unknown = set(value) - {"name", "admins", "auditors"}
    if unknown:
        raise RulesError(f"{key}: unknown field {sorted(unknown)[0]!r}; known are name, admins and auditors")
    name = value.get("name", key)
    if not isinstance(name, str) or not name:
        raise RulesError(f"{key}: name must be a text")
    organization = Organization(
        key, name, _rules(key, "admins", value.get("admins")), _rules(key, "auditors", value.get("auditors"))
    )
    if not organization.admins and not organization.auditors:
        raise RulesError(f"{key}: no rule lets anybody in; add admins or auditors")
    return organization


def _rules(key: str, field: str, value: Any) -> ClaimValues:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RulesError(f"{key}.{field}: an object of claim -> list of values is needed")
    return {claim: _values(f"{key}.{field}.{claim}", accepted) for claim, accepted in value.items()}


def _values(where: str, accepted: Any) -> frozenset[str]:
    values = [accepted] if isinstance(accepted, str) else accepted
    if not isinstance(values, list) or not values or not all(isinstance(one, str) and one for one in values):
        raise RulesError(f"{where}: a list of texts is needed")
    return frozenset(values)
