"""Who may open which organization: the rules of ``CONSOLE_ORGANIZATIONS``.

A rule maps a claim to the values that it accepts. One match is enough; a claim can be a string or a list. ``email``
counts only if ``email_verified`` is true. If no rule matches, access is denied. A key with ``*`` is a pattern: its
values contain the organization's id as ``{organization}``. An organization with a key of its own ignores all patterns.
Pure functions over plain data, so that a decision can be explained and tested without a request.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

ClaimValues = Mapping[str, frozenset[str]]

PLACEHOLDER: Final = "{organization}"
"""Stands for the organization's id in the values and the name of a pattern."""

_MAX_VALUES: Final = 200  # of a claim that are stored whatever they are
_OTHER_VALUES: Final = 10  # of a longer claim that are stored although no rule accepts them
_MAX_LENGTH: Final = 1000  # characters of a value that is stored although no rule accepts it

_SEPARATORS: Final = frozenset("/\\%")


class Role(enum.StrEnum):
    """What a person may do in one organization."""

    ADMIN = "admin"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """The translated name of the role."""
        return {Role.ADMIN: gettext("admin"), Role.AUDITOR: gettext("auditor")}[self]


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """One rule applied to a person's claims. ``mismatch`` explains why it does not match; empty if it does."""

    role: Role
    claim: str
    accepted: frozenset[str]
    mismatch: str


@dataclass(frozen=True, slots=True)
class OrganizationName:
    """The id and display name of an organization, as lists show it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Organization(OrganizationName):
    """One organization and the rules that give access to it."""

    admins: ClaimValues
    auditors: ClaimValues

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the role that ``claims`` give in this organization; ``None`` if no rule matches."""
        return self.role_for_values(_claim_values(claims))

    def role_for_values(self, claim_values: ClaimValues) -> Role | None:
        """Return the role for claims that ``_claim_values`` has already normalized."""
        if _matches(self.admins, claim_values):
            return Role.ADMIN
        return Role.AUDITOR if _matches(self.auditors, claim_values) else None

    def explain(self, claims: Mapping[str, Any]) -> Iterator[RuleCheck]:
        """Apply each rule, in the order in which they decide."""
        claim_values = _claim_values(claims)
        for role, rules in ((Role.ADMIN, self.admins), (Role.AUDITOR, self.auditors)):
            for claim, accepted in rules.items():
                yield RuleCheck(role, claim, accepted, _mismatch(claim, accepted, claim_values, claims))


@dataclass(frozen=True, slots=True)
class OrganizationPattern:
    """The rules for all organizations whose ids start with ``before`` and end with ``after``."""

    before: str
    after: str
    name: str
    admins: ClaimValues
    auditors: ClaimValues

    def matches(self, organization_id: str) -> bool:
        """Return whether the pattern covers this id."""
        min_length = len(self.before) + len(self.after) + 1  # the * stands for at least one character
        is_long_enough = is_organization_id(organization_id) and len(organization_id) >= min_length
        return is_long_enough and organization_id.startswith(self.before) and organization_id.endswith(self.after)

    def roles_in(self, claim_values: ClaimValues) -> Iterator[tuple[str, Role]]:
        """Yield each organization id in the claims with the role it is named for; an id can occur with both."""
        for role, rules in ((Role.ADMIN, self.admins), (Role.AUDITOR, self.auditors)):
            for claim, templates in rules.items():
                for template in templates:
                    for organization_id in _extract_ids(template, claim_values.get(claim, frozenset())):
                        if self.matches(organization_id):
                            yield organization_id, role

    def organization_name(self, organization_id: str) -> str:
        """Return the name of one of its organizations."""
        return self.name.replace(PLACEHOLDER, organization_id)

    def rules_for(self, rules: ClaimValues, organization_id: str) -> ClaimValues:
        """Return ``rules`` with the id in place of the placeholder."""
        return {
            claim: frozenset(value.replace(PLACEHOLDER, organization_id) for value in values)
            for claim, values in rules.items()
        }


@dataclass(frozen=True, slots=True)
class Organizations:
    """All rules: ``exact`` by id, and ``patterns`` for every other id."""

    exact: Mapping[str, Organization]
    patterns: tuple[OrganizationPattern, ...] = ()

    def find(self, organization_id: str) -> Organization | None:
        """Return the organization with its rules; ``None`` if no rule covers the id.

        Whether the organization exists in the directory is not known here.
        """
        if organization_id in self.exact:
            return self.exact[organization_id]
        matching = [pattern for pattern in self.patterns if pattern.matches(organization_id)]
        if not matching:
            return None
        return Organization(
            organization_id,
            matching[0].organization_name(organization_id),
            _merge_rules([pattern.rules_for(pattern.admins, organization_id) for pattern in matching]),
            _merge_rules([pattern.rules_for(pattern.auditors, organization_id) for pattern in matching]),
        )

    def open_to(self, claims: Mapping[str, Any]) -> list[tuple[OrganizationName, Role]]:
        """Return the organizations that a person with these claims may open, with their role, sorted by name.

        Thousands of organizations can match a pattern. So their ids are taken from the claims, instead of building
        and trying the rules of each organization.
        """
        claim_values = _claim_values(claims)
        open_organizations: list[tuple[OrganizationName, Role]] = []
        for organization in self.exact.values():
            if own_role := organization.role_for_values(claim_values):
                open_organizations.append((organization, own_role))
        roles: dict[str, Role] = {}
        for pattern in self.patterns:
            for organization_id, role in pattern.roles_in(claim_values):
                roles[organization_id] = Role.ADMIN if Role.ADMIN in (role, roles.get(organization_id)) else role
        open_organizations += [
            (OrganizationName(organization_id, self._pattern_name(organization_id)), roles[organization_id])
            for organization_id in roles.keys() - self.exact.keys()
        ]
        return sorted(open_organizations, key=lambda pair: (pair[0].name.casefold(), pair[0].id))

    def _pattern_name(self, organization_id: str) -> str:
        """Return the name that ``find`` gives it: that of the first pattern that matches."""
        if len(self.patterns) == 1:
            return self.patterns[0].organization_name(organization_id)
        return next(
            pattern.organization_name(organization_id) for pattern in self.patterns if pattern.matches(organization_id)
        )

    def accepted_values(self, claim: str, values: frozenset[str]) -> frozenset[str]:
        """Return those of the values of a claim that some rule accepts."""
        accepted: set[str] = set()
        for organization in self.exact.values():
            for rules in (organization.admins, organization.auditors):
                accepted |= values & rules.get(claim, frozenset())
        for pattern in self.patterns:
            for template in pattern.admins.get(claim, frozenset()) | pattern.auditors.get(claim, frozenset()):
                accepted.update(value for value in values if any(_extract_ids(template, frozenset({value}))))
        return frozenset(accepted)

    @property
    def named_claims(self) -> frozenset[str]:
        """The names of all claims that occur in rules."""
        entries: list[Organization | OrganizationPattern] = [*self.exact.values(), *self.patterns]
        return frozenset(name for entry in entries for rules in (entry.admins, entry.auditors) for name in rules)


def rule_claims(organizations: Organizations) -> frozenset[str]:
    """Return the names of all claims that a decision depends on; ``email`` brings ``email_verified`` along."""
    names = organizations.named_claims
    return names | {"email_verified"} if "email" in names else names


def relevant_claims(organizations: Organizations, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that decisions depend on, short enough to be read with the session on every request."""
    relevant: dict[str, Any] = {}
    for name in rule_claims(organizations) & claims.keys():
        value = claims[name]
        if isinstance(value, list) and len(value) > _MAX_VALUES:
            value = _shorten_list(organizations, name, value)
        elif isinstance(value, str) and len(value) > _MAX_LENGTH:
            value = "".join(organizations.accepted_values(name, frozenset({value})))
        elif isinstance(value, dict):
            value = {}  # no rule can accept an object
        relevant[name] = value
    return relevant


def _shorten_list(organizations: Organizations, name: str, values: list[Any]) -> list[str]:
    """Keep the values that a rule accepts, and some others, which explain to the operator why no rule matches."""
    texts = [value for value in values if isinstance(value, str)]
    accepted = organizations.accepted_values(name, frozenset(texts))
    others = [text for text in texts if text not in accepted and len(text) <= _MAX_LENGTH]
    return sorted(accepted) + others[:_OTHER_VALUES]


def is_organization_id(text: str) -> bool:
    """Return whether ``text`` can be the id of an organization, and part of a URL."""
    if not 0 < len(text) <= 255 or text in (".", "..") or text != text.strip():
        return False
    return text.isprintable() and _SEPARATORS.isdisjoint(text)


def _claim_values(claims: Mapping[str, Any]) -> ClaimValues:
    """Return the strings of each claim; none for an email address that is not verified."""
    claim_values = {}
    for name, value in claims.items():
        values = value if isinstance(value, list) else [value]
        claim_values[name] = frozenset(text for text in values if isinstance(text, str))
    return claim_values if claims.get("email_verified") is True else {**claim_values, "email": frozenset()}


def _matches(rules: ClaimValues, claim_values: ClaimValues) -> bool:
    return any(not accepted.isdisjoint(claim_values.get(name, ())) for name, accepted in rules.items())


def _mismatch(claim: str, accepted: frozenset[str], claim_values: ClaimValues, claims: Mapping[str, Any]) -> str:
    if not accepted.isdisjoint(claim_values.get(claim, ())):
        return ""
    if claim not in claims:
        return "the claim is missing"
    if claim == "email" and claims.get("email_verified") is not True:
        return "email_verified is not true"
    return "none of its values is accepted" if claim_values[claim] else "it contains no text"


def _extract_ids(template: str, values: frozenset[str]) -> Iterator[str]:
    """Yield the part of each value that stands in the place of the template's placeholder."""
    before, _, after = template.partition(PLACEHOLDER)
    for value in values:
        if value.startswith(before) and value.endswith(after) and len(value) > len(before) + len(after):
            yield value[len(before) : len(value) - len(after)]


def _merge_rules(rule_sets: list[ClaimValues]) -> ClaimValues:
    merged: dict[str, frozenset[str]] = {}
    for rules in rule_sets:
        for claim, values in rules.items():
            merged[claim] = merged.get(claim, frozenset()) | values
    return merged
