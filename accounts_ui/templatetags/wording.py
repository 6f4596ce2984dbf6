"""How things are put into words and addresses on the pages."""

import datetime
import zlib
from typing import Any

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts_ui.changes.models import Action, Change
from accounts_ui.services.outside import Outside
from accounts_ui.services.texts import as_time

register = template.Library()

_OUTCOMES = {
    "pending": gettext_lazy("running"),
    "applied": gettext_lazy("applied"),
    "not_applied": gettext_lazy("not applied"),
    "unknown": gettext_lazy("unknown"),
}

# The statuses that the documentation names, of accounts and of types. Others are shown as they came.
_STATUSES = {
    "active": pgettext_lazy("status", "active"),
    "disabled": pgettext_lazy("status", "disabled"),
    "expired": pgettext_lazy("status", "expired"),
    "pending": pgettext_lazy("status", "pending"),
    "deleted": pgettext_lazy("status", "deleted"),
    "draft": pgettext_lazy("status", "draft"),
    "test": pgettext_lazy("status", "test"),
    "inactive": pgettext_lazy("status", "inactive"),
    "published": pgettext_lazy("status", "published"),
}

_SENTENCES = {
    Action.ASSIGN: gettext_lazy("%(who)s assigned %(whom)s a %(what)s account"),
    Action.CHANGE_STATUS: gettext_lazy("%(who)s changed the status of %(whom)s’s %(what)s account"),
    Action.DELETE: gettext_lazy("%(who)s deleted %(whom)s’s %(what)s account"),
}


@register.filter
def outcome_word(outcome: str) -> str:
    """An outcome, for people."""
    return str(_OUTCOMES.get(outcome, outcome))


@register.filter
def status_word(status: str) -> str:
    """A status, for people."""
    return str(_STATUSES.get(status, status))


@register.filter
def pairs(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names and values. ``fields.items`` in a template would be the field ``items``, where the directory sent one."""
    return list(fields.items())


@register.filter
def sentence(change: Change) -> str:
    """A change as a sentence: who asked for what."""
    return _SENTENCES[Action(change.action)] % {
        "who": change.actor_name or change.actor_email or change.actor_subject,
        "whom": change.subject_name or change.subject_id,
        "what": change.type_name or change.code,
    }


_OUTSIDE = {
    "changed": "listed as {}",
    "gone": "gone from the directory",
    "back": "in use again, listed as {}, after this console deleted it",
    "expired": "expired: its time is over",
}


@register.filter
def outside_words(outside: Outside) -> str:
    """What was changed elsewhere, as the end of a sentence."""
    return _OUTSIDE[outside.kind].format(outside.listed)


_HOW = {
    "re-read": "re-read right after the call",
    "visit": "read on an admin’s visit",
    "check": "read for “Check now”",
    "decision": "an admin’s decision",
}
_EVIDENCE = {
    "read_at": "Read at",
    "tried_at": "Tried at",
    "decided_at": "Decided at",
    "failed": "It failed",
    "seen": "Status in the list",
    "accounts": "Accounts of this type",
    "told": "List tells the person’s types",
    "rows": "Rows in the list",
    "digest": "SHA-256 of the account rows",
}


@register.filter
def evidence_lines(evidence: dict[str, Any]) -> list[tuple[str, Any]]:
    """What decided, line by line; a field that nobody knows is shown as it is."""
    left = dict(evidence)
    by, how = left.pop("by", None), left.pop("how", None)
    lines: list[tuple[str, Any]] = [("How", _HOW.get(how, how))] if how else []
    if isinstance(by, dict):
        lines.append(("By", f"{by.get('name') or '?'} ({by.get('subject')} at {by.get('issuer')})"))
    if "told" in left and left.get("seen") is None:
        left["seen"] = "no such account is listed" if left["told"] else "not told"
    left.pop("asked_at", None)
    if left.get("read_at", "") is None:
        left.pop("read_at")
    known = [(label, _shown(name, left.pop(name))) for name, label in _EVIDENCE.items() if name in left]
    return [*lines, *known, *((name, _shown(name, value)) for name, value in left.items())]


def _shown(name: str, value: Any) -> Any:
    if name.endswith("_at"):
        return when(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@register.filter
def when(value: Any) -> SafeString | str:
    """A time in the reader's zone, with the exact UTC one for machines, on hover and on focus; else as it came."""
    found = as_time(value) if isinstance(value, str) else value
    if not isinstance(found, datetime.datetime):
        return value or ""
    utc = found.astimezone(datetime.UTC)
    exact = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    shown = date_format(timezone.localtime(utc), "DATETIME_FORMAT")
    return format_html('<time datetime="{}" data-utc="{} UTC">{}</time>', exact, f"{utc:%Y-%m-%d %H:%M:%S}", shown)


@register.filter
def initials(name: str) -> str:
    """One or two letters for an avatar; a dot where the name has none."""
    letters = [word[0] for word in name.split() if word[0].isalpha()]
    return "".join(letters[:1] + letters[1:][-1:]) or "·"


@register.filter
def hue(key: str) -> int:
    """One of the six colours of avatars, the same each time for the same person."""
    return zlib.crc32(str(key).encode(errors="replace")) % 6


@register.simple_tag(takes_context=True)
def query(context: Any, **changed: Any) -> str:
    """The query of this address with some parameters changed; empty ones are left out."""
    kept = context["request"].GET.copy()
    for name, value in changed.items():
        kept.pop(name, None)
        if value not in ("", None):
            kept[name] = value
    shown = QueryDict(mutable=True)
    for name, values in kept.lists():
        if values and values[-1]:
            shown[name] = values[-1]
    text = shown.urlencode()
    return f"?{text}" if text else "?"


@register.simple_tag
def next_sort(current: str, column: str) -> str:
    """What a click on a column's head sorts by."""
    return f"-{column}" if current == column else column


@register.simple_tag
def aria_sort(current: str, column: str) -> str:
    """The ``aria-sort`` of a column's head."""
    if current.removeprefix("-") != column:
        return "none"
    return "descending" if current.startswith("-") else "ascending"
