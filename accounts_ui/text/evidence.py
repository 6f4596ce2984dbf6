"""What a change's events say in words: drift from the directory, and the evidence for an outcome."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.state.account_facts import Drift
from accounts_ui.text.labels import status_word
from accounts_ui.text.times import timestamp
from console.recorded_text import RecordedText, translate

_DRIFT = {
    "changed": gettext_lazy("listed as {status}"),
    "gone": gettext_lazy("gone from the directory"),
    "back": gettext_lazy("in use again, listed as {status}, after this console deleted it"),
    "expired": gettext_lazy("expired: its end date has passed"),
}


def drift_description(drift: Drift) -> str:
    """Return what was changed elsewhere, as the end of a sentence."""
    return str(_DRIFT[drift.kind]).format(status=status_word(drift.listed or ""))


_HOW = {
    "re-read": gettext_lazy("re-read right after the call"),
    "admin-read": gettext_lazy("read when an admin opened a page"),
    "check": gettext_lazy("read for “Check now”"),
    "automatic": gettext_lazy("read automatically after the waiting time"),
    "decision": gettext_lazy("an admin’s decision"),
}
_EVIDENCE = {
    "read_at": gettext_lazy("Read at"),
    "tried_at": gettext_lazy("Tried at"),
    "decided_at": gettext_lazy("Decided at"),
    "failed": gettext_lazy("Error"),
    "seen": gettext_lazy("Status in the list"),
    "accounts": gettext_lazy("Accounts of this type"),
    "lists_types": gettext_lazy("List names the person’s account types"),
    "undoes": gettext_lazy("Undoes the change"),
    "rows": gettext_lazy("Rows in the list"),
    "digest": gettext_lazy("SHA-256 of the account rows"),
    "late_answer": gettext_lazy("Late answer"),
}


def evidence_lines(evidence: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the evidence as labels and values; a field without a label is shown by its name."""
    left = dict(evidence)
    by, how = left.pop("by", None), left.pop("how", None)
    lines: list[tuple[str, Any]] = [(gettext("How"), _HOW.get(how, how))] if how else []
    if isinstance(by, dict):
        who = {"name": by.get("name") or "?", "subject": by.get("subject"), "issuer": by.get("issuer")}
        lines.append((gettext("By"), gettext("%(name)s (%(subject)s at %(issuer)s)") % who))
    if "lists_types" in left and left.get("seen") is None:
        left["seen"] = gettext("no such account is listed") if left["lists_types"] else gettext("not stated")
    elif "seen" in left:
        left["seen"] = status_word(left["seen"])
    failed_parts = left.pop("failed_parts", None)
    if failed_parts:
        left["failed"] = RecordedText(left.get("failed", ""), failed_parts)
    left.pop("asked_at", None)
    if left.get("read_at", "") is None:
        left.pop("read_at")
    known = [(str(label), _shown(name, left.pop(name))) for name, label in _EVIDENCE.items() if name in left]
    return [*lines, *known, *((name, _shown(name, value)) for name, value in left.items())]


def _shown(name: str, value: Any) -> Any:
    if name.endswith("_at"):
        return timestamp(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return number_format(value, force_grouping=True) if isinstance(value, int) else translate(value)
