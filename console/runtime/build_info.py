"""Which release of the console runs, as the metric ``console_build_info``."""

import platform
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import django
from prometheus_client import Metric
from prometheus_client.core import InfoMetricFamily

_PROJECT_FILE = Path(__file__).resolve().parents[2] / "pyproject.toml"


@lru_cache(maxsize=1)
def console_version() -> str:
    """Return the version of the console, as ``pyproject.toml`` names it."""
    return str(tomllib.loads(_PROJECT_FILE.read_text())["project"]["version"])


class BuildCollector:
    """A metric whose value is always 1; its labels are the versions."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metric. Prometheus counts replicas by version with it, during an upgrade for example."""
        versions = {"version": console_version(), "python": platform.python_version(), "django": django.__version__}
        yield InfoMetricFamily("console_build", "The versions that run.", value=versions)
