"""Reading and keeping what people like."""

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from accounts_ui.preferences.models import Look, Opened, SavedView
from console import clock

MOST_OPENED: Final = 20  # organizations that are remembered of a person


@dataclass(frozen=True, slots=True)
class Owner:
    """A person of a provider."""

    issuer: str
    subject: str


def look_of(owner: Owner, page: str) -> Look:
    """How the person likes the page; an empty one where they never said."""
    found = Look.objects.filter(issuer=owner.issuer, subject=owner.subject, page=page).first()
    return found or Look(issuer=owner.issuer, subject=owner.subject, page=page)


def keep_look(owner: Owner, page: str, *, columns: list[str], per_page: int | None) -> None:
    """Remember it; the last word counts."""
    Look.objects.update_or_create(
        issuer=owner.issuer,
        subject=owner.subject,
        page=page,
        defaults={"columns": columns, "per_page": per_page},
    )


def views_of(owner: Owner, organization_id: str, page: str) -> QuerySet[SavedView]:
    """The person's named addresses of the page."""
    return SavedView.objects.filter(
        issuer=owner.issuer, subject=owner.subject, organization_id=organization_id, page=page
    )


def opened_by(owner: Owner) -> list[str]:
    """The organizations that the person opened, the last one first."""
    mine = Opened.objects.filter(issuer=owner.issuer, subject=owner.subject)
    return list(mine.values_list("organization_id", flat=True)[:MOST_OPENED])


def note_opened(owner: Owner, organization_id: str) -> None:
    """Put the organization first, and forget what was opened long ago."""
    Opened.objects.update_or_create(
        issuer=owner.issuer,
        subject=owner.subject,
        organization_id=organization_id,
        defaults={"at": clock.now()},
    )
    mine = Opened.objects.filter(issuer=owner.issuer, subject=owner.subject)
    mine.exclude(pk__in=list(mine.values_list("pk", flat=True)[:MOST_OPENED])).delete()


def keep_view(owner: Owner, organization_id: str, page: str, *, name: str, query: str) -> None:
    """Give the address a name; a name that is taken means the new address from now on."""
    SavedView.objects.update_or_create(
        issuer=owner.issuer,
        subject=owner.subject,
        organization_id=organization_id,
        page=page,
        name=name,
        defaults={"query": query},
    )
