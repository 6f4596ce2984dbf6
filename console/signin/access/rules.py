"""Who may open which organization: the rules of ``CONSOLE_ORGANIZATIONS``.

A rule names a claim and the values that it accepts. One match is enough. If no rule matches, access is denied. A key
with ``*`` is a pattern: its values contain the organization's id as ``{organization}``. An organization with a key of
its own ignores all patterns. Pure functions over plain data, so that a decision can be explained and tested without a
request. ``claim_reader`` reads the claims, ``explanations`` says why a rule does not match.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.utils.translation import gettext

from console.signin.access.claim_reader import ClaimReader, ClaimReading, top_level_names

PLACEHOLDER: Final = "{organization}"
"""Stands for the organization's id in the values and the name of a pattern."""

OVERAGE_CLAIMS: Final = ("_claim_names", "hasgroups")
"""Claims that say that others were left out (OpenID Connect Core 1.0, section 5.6.2, and Entra ID's overage)."""

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
class ClaimRule:
    """A claim, how it is read, and the values that are accepted, normalized as the reading says."""

    reading: ClaimReading
    accepted: frozenset[str]

    def matches(self, reader: ClaimReader) -> bool:
        """Return whether the person has one of the accepted values."""
        return not self.accepted.isdisjoint(reader.values(self.reading))


Rules = tuple[ClaimRule, ...]


@dataclass(frozen=True, slots=True)
class OrganizationName:
    """The id and display name of an organization, as lists show it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Organization(OrganizationName):
    """One organization and the rules that give access to it."""

    admins: Rules
    auditors: Rules

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the role that ``claims`` give in this organization; ``None`` if no rule matches."""
        return self.role_for(ClaimReader(claims))

    def role_for(self, reader: ClaimReader) -> Role | None:
        """Return the role of the person whose claims ``reader`` reads."""
        if any(rule.matches(reader) for rule in self.admins):
            return Role.ADMIN
        return Role.AUDITOR if any(rule.matches(reader) for rule in self.auditors) else None

    @property
    def rules(self) -> Iterator[tuple[Role, ClaimRule]]:
        """Each rule with the role that it gives, in the order in which they decide."""
        yield from ((Role.ADMIN, rule) for rule in self.admins)
        yield from ((Role.AUDITOR, rule) for rule in self.auditors)


@dataclass(frozen=True, slots=True)
class OrganizationPattern:
    """The rules for all organizations whose ids start with ``before`` and end with ``after``."""

    before: str
    after: str
    name: str
    admins: Rules
    auditors: Rules

    def matches(self, organization_id: str) -> bool:
        """Return whether the pattern covers this id."""
        min_length = len(self.before) + len(self.after) + 1  # the * stands for at least one character
        is_long_enough = is_organization_id(organization_id) and len(organization_id) >= min_length
        return is_long_enough and organization_id.startswith(self.before) and organization_id.endswith(self.after)

    def roles_in(self, reader: ClaimReader) -> Iterator[tuple[str, Role]]:
        """Yield each organization id in the claims with the role it is named for; an id can occur with both."""
        for role, rules in ((Role.ADMIN, self.admins), (Role.AUDITOR, self.auditors)):
            for rule in rules:
                for template in rule.accepted:
                    for organization_id in extract_ids(template, reader.values(rule.reading)):
                        if self.matches(organization_id):
                            yield organization_id, role

    def organization_name(self, organization_id: str) -> str:
        """Return the name of one of its organizations."""
        return self.name.replace(PLACEHOLDER, organization_id)

    def rules_for(self, rules: Rules, organization_id: str) -> Rules:
        """Return ``rules`` with the id in place of the placeholder."""
        return tuple(_rule_for(rule, organization_id) for rule in rules)


@dataclass(frozen=True, slots=True)
class Organizations:
    """All rules: ``exact`` by id, and ``patterns`` for every other id."""

    exact: Mapping[str, Organization]
    patterns: tuple[OrganizationPattern, ...] = ()
    _accepted: dict[ClaimReading, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Collect what all exact rules accept, by reading: a page asks for it several times, of thousands of rules."""
        collected: dict[ClaimReading, set[str]] = {}
        for organization in self.exact.values():
            for _, rule in organization.rules:
                collected.setdefault(rule.reading, set()).update(rule.accepted)
        accepted = {reading: frozenset(values) for reading, values in collected.items()}
        object.__setattr__(self, "_accepted", accepted)

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
        reader = ClaimReader(claims)
        open_organizations: list[tuple[OrganizationName, Role]] = []
        for organization in self.exact.values():
            if own_role := organization.role_for(reader):
                open_organizations.append((organization, own_role))
        roles: dict[str, Role] = {}
        for pattern in self.patterns:
            for organization_id, role in pattern.roles_in(reader):
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

    def accepted_values(self, reading: ClaimReading, values: frozenset[str]) -> frozenset[str]:
        """Return those of the normalized values that some rule with this reading accepts."""
        accepted = set(values & self._accepted.get(reading, frozenset()))
        for pattern in self.patterns:
            for rule in (*pattern.admins, *pattern.auditors):
                if rule.reading == reading:
                    accepted.update(value for value in values if is_accepted_by_template(rule, value))
        return frozenset(accepted)

    @property
    def readings(self) -> list[ClaimReading]:
        """How rules read claims: each reading once, sorted by claim."""
        of_patterns = {rule.reading for pattern in self.patterns for rule in (*pattern.admins, *pattern.auditors)}
        return sorted(
            self._accepted.keys() | of_patterns, key=lambda reading: (reading.claim, reading.split, reading.key)
        )


def rule_claims(organizations: Organizations) -> frozenset[str]:
    """Return the names of all claims that a decision or its explanation depends on."""
    names = {name for reading in organizations.readings for name in top_level_names(reading.claim)}
    if "email" in names:
        names.add("email_verified")
    return frozenset(names | set(OVERAGE_CLAIMS))


def is_organization_id(text: str) -> bool:
    """Return whether ``text`` can be the id of an organization, and part of a URL."""
    if not 0 < len(text) <= 255 or text in (".", "..") or text != text.strip():
        return False
    return text.isprintable() and _SEPARATORS.isdisjoint(text)


def is_accepted_by_template(rule: ClaimRule, value: str) -> bool:
    """Return whether a pattern's rule accepts the value for some organization."""
    return any(True for template in rule.accepted for _ in extract_ids(template, frozenset({value})))


def extract_ids(template: str, values: frozenset[str]) -> Iterator[str]:
    """Yield the part of each value that stands in the place of the template's placeholder."""
    before, _, after = template.partition(PLACEHOLDER)
    for value in values:
        if value.startswith(before) and value.endswith(after) and len(value) > len(before) + len(after):
            yield value[len(before) : len(value) - len(after)]


def _rule_for(rule: ClaimRule, organization_id: str) -> ClaimRule:
    """Return a pattern's rule for one organization.

    E-mail addresses are compared without case, ids are not: ``ACME`` and ``acme`` may be two organizations. So only
    an id in lower case can be a part of an address.
    """
    if rule.reading.normalize(organization_id) != organization_id and rule.reading.is_email:
        return replace(rule, accepted=frozenset())
    return replace(rule, accepted=frozenset(value.replace(PLACEHOLDER, organization_id) for value in rule.accepted))


def _merge_rules(rule_sets: list[Rules]) -> Rules:
    merged: dict[ClaimReading, frozenset[str]] = {}
    for rules in rule_sets:
        for rule in rules:
            merged[rule.reading] = merged.get(rule.reading, frozenset()) | rule.accepted
    return tuple(ClaimRule(reading, accepted) for reading, accepted in merged.items())
