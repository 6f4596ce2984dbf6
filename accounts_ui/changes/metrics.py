"""Metrics of the log, read from the database at each scrape, so that every worker reports the same."""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import Error
from django.db.models import Count, Min
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from accounts_ui.changes.models import OPEN_OUTCOMES, Change, Checkpoint, Event, Verification

logger = logging.getLogger(__name__)


class LogCollector:
    """The chain's head, what is unresolved, checkpoints, and the result of the last verification run."""

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
    sequence, at = Event.objects.order_by("-sequence").values_list("sequence", "at").first() or (0, None)
    yield _gauge("change_log_sequence", "The sequence of the last event: the head of the chain.", sequence)
    yield _gauge("change_log_event_timestamp_seconds", "When that event was written.", at.timestamp() if at else 0)


def _checkpoints() -> Iterator[Metric]:
    last = Checkpoint.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    yield _gauge("change_log_checkpoint_sequence", "The sequence of the last checkpoint.", last)
    waiting = Checkpoint.objects.filter(delivered_at=None).count() if settings.AUDIT_CHECKPOINT_TARGET else 0
    yield _gauge("change_log_checkpoints_undelivered", "Checkpoints that reached no target yet.", waiting)


def _verification() -> Iterator[Metric]:
    last = Verification.objects.order_by("-at", "-id").values_list("state", "sequence").first() or ("", 0)
    is_broken = 1 if last[0] == Verification.State.BROKEN else 0
    yield _gauge("change_log_broken", "1 if the last verification run found a break.", is_broken)
    yield _gauge("change_log_verified_sequence", "The last sequence that this run verified.", last[1])
