"""Changes as sentences: one registry from action and outcome to words, as plain text and with links."""

from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts_ui.changes.models import Change
from accounts_ui.text.labels import status_word

# {who} asked for something about the {what} account of {whom}; {before} and {after} are statuses.
SENTENCES: Final = {
    ("assign", "applied"): gettext_lazy("{who} assigned {whom} a {what} account"),
    ("assign", "not_applied"): gettext_lazy("{who} asked to assign {whom} a {what} account, and it was not applied"),
    ("assign", "unknown"): gettext_lazy("{who} asked to assign {whom} a {what} account, and the outcome is unknown"),
    ("assign", "pending"): gettext_lazy("{who} is assigning {whom} a {what} account"),
    ("change_status", "applied"): gettext_lazy("{who} changed {whom}’s {what} account from {before} to {after}"),
    ("change_status", "not_applied"): gettext_lazy(
        "{who} asked to change {whom}’s {what} account from {before} to {after}, and it was not applied"
    ),
    ("change_status", "unknown"): gettext_lazy(
        "{who} asked to change {whom}’s {what} account from {before} to {after}, and the outcome is unknown"
    ),
    ("change_status", "pending"): gettext_lazy("{who} is changing {whom}’s {what} account from {before} to {after}"),
    ("delete", "applied"): gettext_lazy("{who} deleted {whom}’s {what} account"),
    ("delete", "not_applied"): gettext_lazy("{who} asked to delete {whom}’s {what} account, and it was not applied"),
    ("delete", "unknown"): gettext_lazy("{who} asked to delete {whom}’s {what} account, and the outcome is unknown"),
    ("delete", "pending"): gettext_lazy("{who} is deleting {whom}’s {what} account"),
}
_NOT_KNOWN: Final = gettext_lazy("a status that is not known")


def sentence(change: Change) -> str:
    """A change as plain text, for titles, banners and announcements."""
    return str(_words(change)).format(**_parts(change))


def linked_sentence(change: Change) -> SafeString:
    """The same, the type emphasized; person, account and admin lead to their own view."""
    parts = _parts(change)
    org = change.organization_id
    log = reverse("changes", args=[org])
    account = urlencode({"subject_id": change.subject_id, "code": change.code})
    linked = {
        **parts,
        "who": _link(f"{log}?{urlencode({'actor': change.actor_subject})}", parts["who"]),
        "whom": _link(_person(org, change.subject_id), parts["whom"]),
        "what": format_html('<a href="{}?{}"><em>{}</em></a>', log, account, parts["what"]),
    }
    return format_html(str(_words(change)), **linked)


def _words(change: Change) -> Any:
    return SENTENCES[(change.action, change.shown_outcome)]


def _parts(change: Change) -> dict[str, str]:
    return {
        "who": change.actor_name or change.actor_email or change.actor_subject,
        "whom": change.subject_name or change.subject_id,
        "what": change.type_name or change.code,
        "before": status_word(change.before) if change.before else str(_NOT_KNOWN),
        "after": status_word(change.after) if change.after else str(_NOT_KNOWN),
    }


def _link(address: str, text: str) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', address, text) if address else text


def _person(org: str, subject_id: str) -> str:
    try:
        return reverse("person", args=[org, subject_id])
    except NoReverseMatch:
        return ""
