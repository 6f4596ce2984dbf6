"""The columns of a list: which heading means what, in each language of the console."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts_ui.text.folding import fold

FAILURE_DETAIL: Final = "failure_detail"
"""The column that downloads of failed rows add. It is dropped when such a list is uploaded again."""

PERSON_FIELDS: Final = ("subject_id", "email", "username")
REPEATABLE: Final = "name"  # given name and family name may stand in columns of their own

# The template has these headings, in the language of the page. They are understood in each language.
FIELD_LABELS: Final[dict[str, str | Promise]] = {
    "subject_id": gettext_lazy("Subject id"),
    "email": gettext_lazy("E-mail"),
    "username": gettext_lazy("Username"),
    "name": pgettext_lazy("column of a list", "Name"),
    "code": gettext_lazy("Account type"),
    "status": gettext_lazy("Status"),
    "message": pgettext_lazy("column of a list", "Note"),
}
TEMPLATE_FIELDS: Final = ("subject_id", "email", "username", "code", "status", "message")

# The words of people and of other programs: English, German, French. Case, accents, blanks and hyphens do not count.
_OTHER_HEADINGS: Final = {
    "subject_id": "subject; id; user id; person id; Subjekt-ID; Personen-ID; Benutzer-ID; Nutzer-ID; ID du sujet; "
    "ID de la personne; ID de l’utilisateur; identifiant; identifiant de la personne",
    "email": "mail; e-mail address; E-Mail-Adresse; Mailadresse; adresse e-mail; courriel; adresse courriel; "
    "adresse électronique; mél",
    "username": "user; user name; login; login name; Benutzer; Benutzername; Nutzername; Anmeldename; utilisateur; "
    "nom d’utilisateur; identifiant de connexion",
    "name": "full name; display name; person; first name; given name; last name; family name; surname; subject name; "
    "vollständiger Name; Anzeigename; Vorname; Nachname; Familienname; nom; nom complet; prénom; nom de famille; "
    "personne",
    "code": "type; account type; account code; type code; Typ; Kontotyp; Kontoart; Art des Kontos; type de compte; "
    "code du type",
    "status": "new status; neuer Status; statut; nouveau statut; état",
    "message": "note; reason; Grund; Begründung; Notiz; motif; raison",
}


class ListColumn(NamedTuple):
    """A heading as it was written, and the field that it means; an empty one if the column is not read."""

    heading: str
    field: str


def read_columns(headings: Sequence[str]) -> list[ListColumn]:
    """Return what each column is read as. The name of a field itself counts before its other headings."""
    keys = list(map(_key, headings))
    exact = set(keys) & _EXACT.keys()
    named = {_EXACT[key] for key in exact}
    fields = [_EXACT.get(key) or _field_of(key, named) for key in keys]
    return [ListColumn(heading, field) for heading, field in zip(headings, fields, strict=True)]


def count_fields(headings: Iterable[str]) -> int:
    """Return how many fields the headings name."""
    return len({field for heading in headings if (field := _HEADINGS.get(_key(heading)))})


def repeated_field(columns: Iterable[ListColumn]) -> str:
    """Return the heading of the first field that is there more than once; empty if there is none."""
    seen: set[str] = set()
    for column in columns:
        if column.field and column.field != REPEATABLE and column.field in seen:
            return column.heading
        seen.add(column.field)
    return ""


def _field_of(key: str, named: set[str]) -> str:
    field = _HEADINGS.get(key, "")
    return "" if field in named else field


def _key(heading: str) -> str:
    return re.sub(r"[\W_]+", "", fold(heading[:100]))


_EXACT: Final = {_key(field): field for field in FIELD_LABELS}
_HEADINGS: Final = {
    **{_key(heading): field for field, headings in _OTHER_HEADINGS.items() for heading in headings.split(";")},
    **_EXACT,
}
