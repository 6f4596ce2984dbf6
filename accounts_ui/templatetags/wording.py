"""How things are put into words and addresses on the pages."""

import datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts_ui.changes.models import Action, Change
from accounts_ui.services.browse import as_time

register = template.Library()

_OUTCOMES = {"pending": "running", "applied": "applied", "not_applied": "not applied", "unknown": "unknown"}


@register.filter
def outcome_word(outcome: str) -> str:
    """An outcome, for people."""
    return _OUTCOMES.get(outcome, outcome)


@register.filter
def pairs(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names and values. ``fields.items`` in a template would be the field ``items``, where the directory sent one."""
    return list(fields.items())


@register.filter
def sentence(change: Change) -> str:
    """A change as a sentence: who asked for what."""
    who = change.actor_name or change.actor_email or change.actor_subject
    whom = change.subject_name or change.subject_id
    what = change.type_name or change.code
    if change.action == Action.ASSIGN:
        return f"{who} assigned {whom} a {what} account"
    if change.action == Action.DELETE:
        return f"{who} deleted {whom}’s {what} account"
    return f"{who} changed the status of {whom}’s {what} account"


@register.filter
def when(value: Any) -> SafeString | str:
    """A time, readable, with the exact one for machines and on hover; what is no time as it came."""
    found = as_time(value) if isinstance(value, str) else value
    if not isinstance(found, datetime.datetime):
        return value or ""
    utc = found.astimezone(datetime.UTC)
    exact = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, exact, utc.strftime("%Y-%m-%d %H:%M UTC"))


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
