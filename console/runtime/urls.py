"""Where probes and Prometheus look. Without a trailing slash, as they expect it."""

from django.urls import path

from console.runtime.health import healthz, readyz
from console.runtime.metrics import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
