"""The tallies: numbers of changes by half hour and outcome, so that no page has to count changes.

``change_index`` maintains them.
"""

from dataclasses import replace
from typing import Final

from django.db.models import Q, QuerySet

from accounts_ui.changes.models import ActorName, Outcome, Share, Tally
from accounts_ui.changes.queries import LogFilters, by_actor_text
from accounts_ui.changes.statistics.tally_sql import DIMENSIONS, SLOT_SECONDS

OUTCOMES: Final = (Outcome.APPLIED, Outcome.NOT_APPLIED, Outcome.UNKNOWN, Outcome.PENDING)


def half_hour_counts(organization_id: str, filters: LogFilters) -> QuerySet[Tally] | QuerySet[Share] | None:
    """Return the tallies of the half hours that match the filters, whatever the outcome.

    Return ``None`` if the tallies do not cover the filters: there are tallies of all changes, and of those with one
    action, one code or certain actors, and a bound has to be on the half hour.
    """
    dimensions = [name for name in DIMENSIONS if getattr(filters, name)]
    plain = LogFilters(outcome=filters.outcome, since=filters.since, until=filters.until, page=filters.page)
    if len(dimensions) > 1 or replace(filters, action="", code="", actor="") != plain:
        return None
    within = Q()
    for name, bound in (("slot__gte", filters.since), ("slot__lt", filters.until)):
        if bound is not None and bound.timestamp() % SLOT_SECONDS:
            return None
        if bound is not None:
            within &= Q(**{name: int(bound.timestamp()) // SLOT_SECONDS})
    if not dimensions:
        return Tally.objects.filter(within, organization_id=organization_id)
    values = _values(organization_id, dimensions[0], getattr(filters, dimensions[0]))
    return Share.objects.filter(within, organization_id=organization_id, dimension=dimensions[0], value__in=values)


def _values(organization_id: str, dimension: str, text: str) -> list[str]:
    """Return the values of the matching shares: ``text`` itself, or the ids of the matching actors."""
    if dimension != "actor":
        return [text]
    actors = ActorName.objects.filter(by_actor_text(text, ""), organization_id=organization_id)
    return [str(number) for number in actors.values_list("pk", flat=True)]
