"""Why a rule does not match: the sentences of ``manage.py who_may`` and of the page for people without access."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from console.recorded_text import RecordedText, recorded
from console.signin.access.claim_reader import (
    JSON_SPLIT,
    ClaimReader,
    ClaimReading,
    find_claim,
    is_verified,
    iterate_texts,
    split_text,
)
from console.signin.access.rules import ClaimRule, Organization, Organizations, Role

_MISSING: Final = recorded("access.claim_missing", "The provider sent no claim {claim}.")
_LEFT_OUT: Final = recorded(
    "access.claim_left_out",
    "The provider left out the claim {claim}, because it has too many values for one token (in Entra ID: the person is "
    "in more than 200 groups). Let the provider send only the groups that are assigned to this application, or app "
    "roles with a rule on the claim roles.",
)
_FLAG_MISSING: Final = recorded(
    "access.flag_missing",
    "Rules on email need the claim email_verified beside it, and the provider sent none. Let the provider send it, or "
    "use rules on another claim.",
)
_UNVERIFIED: Final = recorded(
    "access.unverified", "The provider has not verified the e-mail address: email_verified is not true."
)
_NOT_JSON: Final = recorded("access.not_json", 'The claim {claim} is not JSON, although its rule says "split": "json".')
_NO_KEY: Final = recorded(
    "access.no_key",
    'The claim {claim} holds objects. The rule has to name the key of their value, for example "key": "name".',
)
_OTHER_KEY: Final = recorded("access.other_key", "Nothing in the claim {claim} has a text under the key {key}.")
_NO_TEXT: Final = recorded("access.no_text", "The claim {claim} contains no text.")
_NOT_SPLIT: Final = recorded(
    "access.not_split",
    "The claim {claim} is one text with several values. The rule has to say what separates them, for example "
    '"split": "{split}".',
)
_SLASH: Final = recorded(
    "access.leading_slash",
    "The claim {claim} has an accepted value with a slash in front. If both mean the same, the rule has to say "
    '"leading_slash": "ignore".',
)
_NOT_ACCEPTED: Final = recorded("access.not_accepted", "No rule accepts one of the values of the claim {claim}.")

_USUAL_SPLITS: Final = (JSON_SPLIT, ",", ";", "|", " ")


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """One rule applied to a person's claims. ``mismatch`` explains why it does not match; empty if it does."""

    role: Role
    rule: ClaimRule
    mismatch: RecordedText


def explain_organization(organization: Organization, claims: Mapping[str, Any]) -> list[RuleCheck]:
    """Apply each rule of an organization, in the order in which they decide."""
    reader = ClaimReader(claims)
    checks: list[RuleCheck] = []
    for role, rule in organization.rules:
        organizations = Organizations({organization.id: organization})
        mismatch = RecordedText("") if rule.matches(reader) else explain_mismatch(organizations, rule.reading, claims)
        checks.append(RuleCheck(role, rule, mismatch))
    return checks


def explain_no_access(organizations: Organizations, claims: Mapping[str, Any]) -> list[RecordedText]:
    """Return a sentence for each claim that rules read, for a person to whom none of them gives access.

    It repeats no accepted value: who has no access does not learn what would give it.
    """
    return list(dict.fromkeys(explain_mismatch(organizations, reading, claims) for reading in organizations.readings))


def explain_mismatch(organizations: Organizations, reading: ClaimReading, claims: Mapping[str, Any]) -> RecordedText:
    """Return why no rule that reads a claim in this way matches."""
    found = find_claim(claims, reading.claim)
    if found is None:
        return (_LEFT_OUT if _is_left_out(reading.claim, claims) else _MISSING).format(claim=reading.claim)
    if reading.is_email and not is_verified(claims.get("email_verified")):
        return _FLAG_MISSING if claims.get("email_verified") is None else _UNVERIFIED
    texts = list(iterate_texts(found.value, reading))
    if not texts:
        return _explain_no_text(found.value, reading)
    return _explain_others(organizations, found.value, texts, reading)


def _is_left_out(claim: str, claims: Mapping[str, Any]) -> bool:
    names = claims.get("_claim_names")
    is_referred_to = isinstance(names, Mapping) and claim in names
    return is_referred_to or (claim == "groups" and claims.get("hasgroups") is True)


def _explain_no_text(value: Any, reading: ClaimReading) -> RecordedText:
    if reading.split == JSON_SPLIT and isinstance(value, str) and split_text(value, JSON_SPLIT) is None:
        return _NOT_JSON.format(claim=reading.claim)
    if reading.key:
        return _OTHER_KEY.format(claim=reading.claim, key=reading.key)
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return _NO_KEY.format(claim=reading.claim)
    return _NO_TEXT.format(claim=reading.claim)


def _explain_others(organizations: Organizations, value: Any, texts: list[str], reading: ClaimReading) -> RecordedText:
    """Explain values that no rule accepts: perhaps one would be accepted if the rule read them in another way."""

    def is_accepted(candidates: list[str]) -> bool:
        return bool(organizations.accepted_values(reading, frozenset(map(reading.normalize, candidates))))

    if is_accepted([text.removeprefix("/") for text in texts if text.startswith("/")]):
        return _SLASH.format(claim=reading.claim)
    if isinstance(value, str) and not reading.split:
        for split in _USUAL_SPLITS:
            if is_accepted(list(iterate_texts(split_text(value, split), reading))):
                return _NOT_SPLIT.format(claim=reading.claim, split=split)
    return _NOT_ACCEPTED.format(claim=reading.claim)
