"""Metrics of the log, read from the database at each scrape, so that every worker reports the same."""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import Error
from django.db.models import Count, Max, Min, OuterRef, Subquery, Sum
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from accounts_ui.changes.models import OPEN_OUTCOMES, Change, Checkpoint, Event, LogHead, Verification

logger = logging.getLogger(__name__)


class LogCollector:
    """Where the logs end, what is unresolved, checkpoints, and the results of the last verification runs."""

    def collect(self) -> Iterator[Metric]:
        """Yield the current values; if the database does not answer, only that."""
        readable = GaugeMetricFamily("console_change_log_readable", "1 if the change log could be read.")
        try:
            families = [*_unresolved(), *_head(), *_checkpoints(), *_verification()]
        except Error as error:
            logger.warning("The change log could not be read for the metrics: %s", error)
            families = []
        readable.add_metric([], 1 if families else 0)
        yield from [readable, *families]


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"console_{name}", text, value=value)


def _unresolved() -> Iterator[Metric]:
    unresolved = Change.objects.filter(outcome__in=OPEN_OUTCOMES)
    counts = dict(unresolved.order_by().values_list("outcome").annotate(Count("pk")))
    family = GaugeMetricFamily("console_changes_unresolved", "Changes without a final outcome.", labels=["outcome"])
    for outcome in OPEN_OUTCOMES:
        family.add_metric([outcome.value], counts.get(outcome.value, 0))
    yield family
    oldest = unresolved.aggregate(at=Min("requested_at"))["at"]
    text = "When the oldest of them was requested; 0 if there is none."
    yield _gauge("changes_oldest_unresolved_timestamp_seconds", text, oldest.timestamp() if oldest else 0)


def _head() -> Iterator[Metric]:
    last = Event.objects.filter(organization_id=OuterRef("pk"), sequence=OuterRef("sequence")).values("at")
    ends = LogHead.objects.order_by().annotate(at=Subquery(last)).aggregate(events=Sum("sequence"), last=Max("at"))
    at = ends["last"]
    yield _gauge("change_log_sequence", "The sequences of the last events of all logs, added.", ends["events"] or 0)
    yield _gauge("change_log_event_timestamp_seconds", "When the last event was written.", at.timestamp() if at else 0)


def _checkpoints() -> Iterator[Metric]:
    newest = Checkpoint.objects.filter(organization_id=OuterRef("pk")).order_by("-size").values("size")[:1]
    ends = LogHead.objects.order_by().annotate(newest=Subquery(newest)).aggregate(covered=Sum("newest"))
    text = "The sequences of the last checkpoints of all logs, added."
    yield _gauge("change_log_checkpoint_sequence", text, ends["covered"] or 0)
    waiting = Checkpoint.objects.filter(delivered_at=None).count() if settings.AUDIT_CHECKPOINT_TARGET else 0
    yield _gauge("change_log_checkpoints_undelivered", "Checkpoints that reached no target yet.", waiting)


def _verification() -> Iterator[Metric]:
    of_log = Verification.objects.filter(organization_id=OuterRef("pk")).order_by("-at", "-id")
    newest = {name: Subquery(of_log.values(name)[:1]) for name in ("state", "sequence")}
    runs = LogHead.objects.order_by().annotate(state=newest["state"], verified=newest["sequence"])
    is_broken = runs.filter(state=Verification.State.BROKEN).exists()
    verified = runs.aggregate(total=Sum("verified"))["total"] or 0
    yield _gauge("change_log_broken", "1 if the last verification run of a log found a break.", int(is_broken))
    yield _gauge("change_log_verified_sequence", "The last sequences that these runs verified, added.", verified)
