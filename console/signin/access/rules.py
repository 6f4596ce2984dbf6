"""Who may open which organization: ``CONSOLE_ORGANIZATIONS``, parsed and applied.

A rule is claim -> accepted values; one match is enough; a claim can be a string or a list. ``email`` counts only
where ``email_verified`` is true. Nothing matches: no access. A key with ``*`` is a pattern: its values name the
organization as ``{organization}``, and an organization with a key of its own is none of the pattern's. Pure functions
over plain data, so that a decision can be explained and tested without a request.
"""

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

ClaimValues = Mapping[str, frozenset[str]]

PLACE: Final = "{organization}"
"""Where in a pattern's values, and in its name, the id of the organization stands."""

_SEPARATORS: Final = frozenset("/\\%")
_FIELDS: Final = {"name", "admins", "auditors"}


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
class Step:
    """One rule held against a person's claims. ``why_not`` is empty where it matches."""

    role: Role
    claim: str
    accepted: frozenset[str]
    why_not: str


@dataclass(frozen=True, slots=True)
class Named:
    """An organization as lists show it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Organization(Named):
    """One organization and the claims that open it."""

    admins: ClaimValues
    auditors: ClaimValues

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """The role that ``claims`` give here; ``None`` where no rule matches."""
        return self.role_by(_held(claims))

    def role_by(self, held: ClaimValues) -> Role | None:
        """As ``role_of``, from what ``_held`` made of the claims."""
        if _matches(self.admins, held):
            return Role.ADMIN
        return Role.AUDITOR if _matches(self.auditors, held) else None

    def explain(self, claims: Mapping[str, Any]) -> Iterator[Step]:
        """Each rule, in the order in which they decide."""
        held = _held(claims)
        for role, rules in ((Role.ADMIN, self.admins), (Role.AUDITOR, self.auditors)):
            for claim, accepted in rules.items():
                yield Step(role, claim, accepted, _why_not(claim, accepted, held, claims))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule for all organizations whose ids begin with ``before`` and end with ``after``."""

    before: str
    after: str
    name: str
    admins: ClaimValues
    auditors: ClaimValues

    def fits(self, organization_id: str) -> bool:
        """Whether the id is one of the pattern's."""
        shortest = len(self.before) + len(self.after) + 1
        is_long_enough = is_organization_id(organization_id) and len(organization_id) >= shortest
        return is_long_enough and organization_id.startswith(self.before) and organization_id.endswith(self.after)

    def roles_in(self, held: ClaimValues) -> Iterator[tuple[str, Role]]:
        """The ids that a person's claims name, each with the role that it is named for; an id may come with both."""
        for role, rules in ((Role.ADMIN, self.admins), (Role.AUDITOR, self.auditors)):
            for claim, templates in rules.items():
                for template in templates:
                    yield from (
                        (one, role) for one in _taken_out(template, held.get(claim, frozenset())) if self.fits(one)
                    )

    def name_of(self, organization_id: str) -> str:
        """The name of one of its organizations."""
        return self.name.replace(PLACE, organization_id)

    def filled(self, rules: ClaimValues, organization_id: str) -> ClaimValues:
        """The rules with the id in its place."""
        return {
            claim: frozenset(one.replace(PLACE, organization_id) for one in values) for claim, values in rules.items()
        }


@dataclass(frozen=True, slots=True)
class Organizations:
    """All rules: ``exact`` by id, and ``patterns`` for every other one."""

    exact: Mapping[str, Organization]
    patterns: tuple[Pattern, ...] = ()

    def find(self, organization_id: str) -> Organization | None:
        """The organization with its rules; ``None`` where no rule is about it. Whether there is one is not known."""
        if organization_id in self.exact:
            return self.exact[organization_id]
        fitting = [pattern for pattern in self.patterns if pattern.fits(organization_id)]
        if not fitting:
            return None
        return Organization(
            organization_id,
            fitting[0].name_of(organization_id),
            _joined([one.filled(one.admins, organization_id) for one in fitting]),
            _joined([one.filled(one.auditors, organization_id) for one in fitting]),
        )

    def of(self, claims: Mapping[str, Any]) -> list[tuple[Named, Role]]:
        """What a person with these claims may open, with the role in each, by name.

        A pattern's rules are not made for each of what may be thousands: a claim that names an id is its match.
        """
        held = _held(claims)
        found: list[tuple[Named, Role]] = [(one, role) for one in self.exact.values() if (role := one.role_by(held))]
        roles: dict[str, Role] = {}
        for pattern in self.patterns:
            for one, role in pattern.roles_in(held):
                roles[one] = Role.ADMIN if Role.ADMIN in (role, roles.get(one)) else role
        found += [(Named(one, self._name_of(one)), roles[one]) for one in roles.keys() - self.exact.keys()]
        return sorted(found, key=lambda pair: (pair[0].name.casefold(), pair[0].id))

    def _name_of(self, organization_id: str) -> str:
        """As ``find`` names it: by the first pattern that fits."""
        if len(self.patterns) == 1:
            return self.patterns[0].name_of(organization_id)
        return next(one.name_of(organization_id) for one in self.patterns if one.fits(organization_id))

    @property
    def named_claims(self) -> frozenset[str]:
        """The names of all claims that stand in rules."""
        everything: list[Organization | Pattern] = [*self.exact.values(), *self.patterns]
        return frozenset(name for one in everything for rules in (one.admins, one.auditors) for name in rules)


def parse_organizations(text: str) -> Organizations:
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
    exact = {key: _organization(key, value) for key, value in document.items() if "*" not in key}
    return Organizations(exact, tuple(_pattern(key, value) for key, value in document.items() if "*" in key))


def rule_claims(organizations: Organizations) -> frozenset[str]:
    """The names of all claims that some rule looks at (with what ``email`` depends on)."""
    names = organizations.named_claims
    return names | {"email_verified"} if "email" in names else names


def is_organization_id(text: str) -> bool:
    """Whether it can be an organization's id, and stand in an address."""
    if not 0 < len(text) <= 255 or text in (".", "..") or text != text.strip():
        return False
    return text.isprintable() and _SEPARATORS.isdisjoint(text)


def _held(claims: Mapping[str, Any]) -> ClaimValues:
    """The texts of each claim; of an address that is not verified none."""
    found = {}
    for name, value in claims.items():
        values = value if isinstance(value, list) else [value]
        found[name] = frozenset(one for one in values if isinstance(one, str))
    return found if claims.get("email_verified") is True else {**found, "email": frozenset()}


def _matches(rules: ClaimValues, held: ClaimValues) -> bool:
    return any(not accepted.isdisjoint(held.get(name, ())) for name, accepted in rules.items())


def _why_not(claim: str, accepted: frozenset[str], held: ClaimValues, claims: Mapping[str, Any]) -> str:
    if not accepted.isdisjoint(held.get(claim, ())):
        return ""
    if claim not in claims:
        return "the claim did not come"
    if claim == "email" and claims.get("email_verified") is not True:
        return "email_verified is not true"
    return "none of its values is accepted" if held[claim] else "it holds no text"


def _taken_out(template: str, values: frozenset[str]) -> Iterator[str]:
    """What stands in the values where the template has its placeholder."""
    before, _, after = template.partition(PLACE)
    for value in values:
        if value.startswith(before) and value.endswith(after) and len(value) > len(before) + len(after):
            yield value[len(before) : len(value) - len(after)]


def _joined(several: list[ClaimValues]) -> ClaimValues:
    joined: dict[str, frozenset[str]] = {}
    for rules in several:
        for claim, values in rules.items():
            joined[claim] = joined.get(claim, frozenset()) | values
    return joined


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RulesError(f"{key!r} stands twice in one object")
        found[key] = value
    return found


def _organization(key: str, value: Any) -> Organization:
    if not is_organization_id(key):
        raise RulesError(f"{key!r} is not an organization id")
    name, admins, auditors = _entry(key, value, default_name=key)
    for rules in (admins, auditors):
        if any(PLACE in one for values in rules.values() for one in values):
            raise RulesError(f"{key}: {PLACE} stands for the id in patterns only, whose key has a *")
    return Organization(key, name, admins, auditors)


def _pattern(key: str, value: Any) -> Pattern:
    before, _, after = key.partition("*")
    if "*" in after or not is_organization_id(f"{before}x{after}"):
        raise RulesError(f"{key!r} is not a pattern of organization ids: one * stands for what differs")
    name, admins, auditors = _entry(key, value, default_name=PLACE)
    for field, rules in (("admins", admins), ("auditors", auditors)):
        for claim, values in rules.items():
            if not all(one.count(PLACE) == 1 for one in values):
                raise RulesError(f"{key}.{field}.{claim}: each value has to hold {PLACE} once, to say which it opens")
    return Pattern(before, after, name, admins, auditors)


def _entry(key: str, value: Any, *, default_name: str) -> tuple[str, ClaimValues, ClaimValues]:
    if not isinstance(value, dict):
        raise RulesError(f"{key}: an object with name, admins and auditors is needed")
    unknown = set(value) - _FIELDS
    if unknown:
        raise RulesError(f"{key}: unknown field {sorted(unknown)[0]!r}; known are name, admins and auditors")
    name = value.get("name", default_name)
    if not isinstance(name, str) or not name:
        raise RulesError(f"{key}: name must be a text")
    admins, auditors = (_rules(key, field, value.get(field)) for field in ("admins", "auditors"))
    if not admins and not auditors:
        raise RulesError(f"{key}: no rule lets anybody in; add admins or auditors")
    return name, admins, auditors


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
