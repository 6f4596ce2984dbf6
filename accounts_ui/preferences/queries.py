"""Reading and writing people's preferences."""

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from accounts_ui.preferences.models import ListPreference, OpenedOrganization, SavedView
from console import clock

MAX_OPENED: Final = 20  # organizations that are recorded for each person


@dataclass(frozen=True, slots=True)
class Owner:
    """A person of a provider."""

    issuer: str
    subject: str


def stored_preference(owner: Owner, page: str) -> ListPreference:
    """Return the person's preference for the page; an empty one if they have none."""
    stored = ListPreference.objects.filter(issuer=owner.issuer, subject=owner.subject, page=page).first()
    return stored or ListPreference(issuer=owner.issuer, subject=owner.subject, page=page)


def save_preference(owner: Owner, page: str, *, columns: list[str], per_page: int | None) -> None:
    """Save the preference in place of the former one."""
    ListPreference.objects.update_or_create(
        issuer=owner.issuer,
        subject=owner.subject,
        page=page,
        defaults={"columns": columns, "per_page": per_page},
    )


def saved_views_of(owner: Owner, organization_id: str, page: str) -> QuerySet[SavedView]:
    """Return the person's saved views of the page."""
    return SavedView.objects.filter(
        issuer=owner.issuer, subject=owner.subject, organization_id=organization_id, page=page
    )


def opened_organizations(owner: Owner) -> list[str]:
    """Return the organizations that the person opened, the last one first."""
    mine = OpenedOrganization.objects.filter(issuer=owner.issuer, subject=owner.subject)
    return list(mine.values_list("organization_id", flat=True)[:MAX_OPENED])


def record_opened(owner: Owner, organization_id: str) -> None:
    """Put the organization first, and delete the record of those opened longest ago."""
    OpenedOrganization.objects.update_or_create(
        issuer=owner.issuer,
        subject=owner.subject,
        organization_id=organization_id,
        defaults={"at": clock.now()},
    )
    mine = OpenedOrganization.objects.filter(issuer=owner.issuer, subject=owner.subject)
    mine.exclude(pk__in=list(mine.values_list("pk", flat=True)[:MAX_OPENED])).delete()


def store_view(owner: Owner, organization_id: str, page: str, *, name: str, query: str) -> None:
    """Save a query under a name, in place of what the name stood for."""
    SavedView.objects.update_or_create(
        issuer=owner.issuer,
        subject=owner.subject,
        organization_id=organization_id,
        page=page,
        name=name,
        defaults={"query": query},
    )
