"""How things are put into words and addresses on the pages."""

import datetime
import zlib
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.account import Drift
from accounts_ui.services.text import as_time
from accounts_ui.text.change_sentences import linked_sentence, sentence
from accounts_ui.text.labels import action_word, event_word, outcome_word, status_word
from accounts_ui.views.lists.list_query import AnyQuery
from console.recorded_text import RecordedText, translate

register = template.Library()

for _filter in (action_word, event_word, outcome_word, status_word, sentence, linked_sentence):
    register.filter(_filter)
register.filter("translated", translate)


@register.filter
def pairs(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names and values. ``fields.items`` in a template would be the field ``items``, where the directory sent one."""
    return list(fields.items())


_OUTSIDE = {
    "changed": gettext_lazy("listed as {status}"),
    "gone": gettext_lazy("gone from the directory"),
    "back": gettext_lazy("in use again, listed as {status}, after this console deleted it"),
    "expired": gettext_lazy("expired: its time is over"),
}


@register.filter
def outside_words(outside: Drift) -> str:
    """What was changed elsewhere, as the end of a sentence."""
    return str(_OUTSIDE[outside.kind]).format(status=status_word(outside.listed or ""))


_HOW = {
    "re-read": gettext_lazy("re-read right after the call"),
    "visit": gettext_lazy("read on an admin’s visit"),
    "check": gettext_lazy("read for “Check now”"),
    "decision": gettext_lazy("an admin’s decision"),
}
_EVIDENCE = {
    "read_at": gettext_lazy("Read at"),
    "tried_at": gettext_lazy("Tried at"),
    "decided_at": gettext_lazy("Decided at"),
    "failed": gettext_lazy("It failed"),
    "seen": gettext_lazy("Status in the list"),
    "accounts": gettext_lazy("Accounts of this type"),
    "told": gettext_lazy("List tells the person’s types"),
    "undoes": gettext_lazy("Undoes the change"),
    "rows": gettext_lazy("Rows in the list"),
    "digest": gettext_lazy("SHA-256 of the account rows"),
    "late_answer": gettext_lazy("Answer that came late"),
}


@register.filter
def evidence_lines(evidence: dict[str, Any]) -> list[tuple[str, Any]]:
    """What decided, line by line; a field that nobody knows is shown as it is."""
    left = dict(evidence)
    by, how = left.pop("by", None), left.pop("how", None)
    lines: list[tuple[str, Any]] = [(gettext("How"), _HOW.get(how, how))] if how else []
    if isinstance(by, dict):
        who = {"name": by.get("name") or "?", "subject": by.get("subject"), "issuer": by.get("issuer")}
        lines.append((gettext("By"), gettext("%(name)s (%(subject)s at %(issuer)s)") % who))
    if "told" in left and left.get("seen") is None:
        left["seen"] = gettext("no such account is listed") if left["told"] else gettext("not told")
    elif "seen" in left:
        left["seen"] = status_word(left["seen"])
    left.pop("asked_at", None)
    failed_parts = left.pop("failed_parts", None)
    if failed_parts:
        left["failed"] = RecordedText(left.get("failed", ""), failed_parts)
    if left.get("read_at", "") is None:
        left.pop("read_at")
    known = [(str(label), _shown(name, left.pop(name))) for name, label in _EVIDENCE.items() if name in left]
    return [*lines, *known, *((name, _shown(name, value)) for name, value in left.items())]


def _shown(name: str, value: Any) -> Any:
    if name.endswith("_at"):
        return when(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return counted(value) if isinstance(value, int) else translate(value)


@register.filter
def when(value: Any) -> SafeString | str:
    """A time in the reader's zone, with the exact UTC one for machines, on hover and on focus; else as it came."""
    return _time(value, "")


@register.filter
def moment(value: Any) -> SafeString | str:
    """As ``when``, and reached with the Tab key: for a time that stands in no row and in no link."""
    return _time(value, mark_safe(' tabindex="0"'))


def _time(value: Any, more: str) -> SafeString | str:
    found = as_time(value) if isinstance(value, str) else value
    if not isinstance(found, datetime.datetime):
        return value or ""
    utc = found.astimezone(datetime.UTC)
    exact = utc.isoformat(timespec="seconds").replace("+00:00", "Z")
    shown = date_format(timezone.localtime(utc), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" data-utc="{} UTC"{}>{}</time>', exact, f"{utc:%Y-%m-%d %H:%M:%S}", more, shown
    )


@register.filter
def ago(at: datetime.datetime) -> str:
    """How long ago, in one unit."""
    passed = timezone.now() - at
    if passed < datetime.timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(at, depth=1)}


@register.filter
def counted(number: int) -> str:
    """A number with its thousands apart, as the reader writes it."""
    return number_format(number, force_grouping=True)


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
    """Return a link to this page with some parameters changed; empty ones are left out."""
    list_query = context.get("list_query") or AnyQuery.from_request(context["request"])
    return str(list_query.address(**changed))


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
