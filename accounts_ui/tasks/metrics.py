"""What Prometheus sees of background work, read from the database at each scrape."""

import logging
from collections.abc import Iterator

from django.db import Error
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from accounts_ui.tasks.health import read_health
from console import clock

logger = logging.getLogger(__name__)


class TasksCollector:
    """Workers, their last heartbeat, and how long work waits."""

    def collect(self) -> Iterator[Metric]:
        """Yield the values of this moment, or none if the database cannot be read."""
        try:
            state = read_health(clock.now())
        except Error as error:
            logger.warning("The state of background work could not be read for the metrics: %s", error)
            return
        heartbeat = state.last_heartbeat_at.timestamp() if state.last_heartbeat_at else 0
        lag = state.lag.total_seconds()
        yield _gauge("workers", "Background workers that reported lately.", state.workers)
        yield _gauge("worker_heartbeat_timestamp_seconds", "When a worker last reported; 0 if none did.", heartbeat)
        yield _gauge("work_lag_seconds", "How long the oldest due background work has waited.", lag)
        yield _gauge("work_failing", "Pieces of background work whose last attempt failed.", state.failing)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"console_{name}", text, value=value)
