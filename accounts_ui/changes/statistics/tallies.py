"""The tallies: numbers of changes by half hour and outcome. Triggers update them: counting would be slow."""

import datetime
from dataclasses import replace
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from accounts_ui.changes.models import ActorName, Outcome, Share, Tally
from accounts_ui.changes.queries import LogFilters, by_actor_text
from accounts_ui.changes.schema.append_only import SLOT_SECONDS, count_query
from accounts_ui.changes.schema.tallies import DIMENSIONS, first_mismatch

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


def tally_mismatch() -> str:
    """Describe the first half hour whose tally differs from its changes; empty if there is none."""
    columns = ("organization_id", "slot", "pending", "applied", "not_applied", "unknown")
    stored = set(Tally.objects.values_list(*columns))
    with connection.cursor() as cursor:
        cursor.execute(count_query(connection.vendor))
        expected = {(row[0], *map(int, row[1:])) for row in cursor.fetchall()}
    empty = {row for row in stored if not any(row[2:])}
    for organization_id, slot, *_ in sorted(expected ^ (stored - empty)):
        return _mismatch_text(organization_id, slot)
    with connection.cursor() as cursor:
        cursor.execute(first_mismatch(connection.vendor))
        share = cursor.fetchone()
    return _mismatch_text(share[0], int(share[3]), f" by {share[1]}") if share else ""


def _mismatch_text(organization_id: str, slot: int, by: str = "") -> str:
    at = datetime.datetime.fromtimestamp(slot * SLOT_SECONDS, datetime.UTC)
    return f"the tally{by} of {organization_id} for the half hour from {at.isoformat()} is not what its changes say"
