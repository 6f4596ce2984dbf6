"""Configuration of gunicorn: ``gunicorn --config console/deploy/gunicorn.conf.py``.

``WEB_CONCURRENCY`` is the number of worker processes, ``CONSOLE_BIND`` the address at which they listen. If the reverse
proxy is on another machine, ``CONSOLE_TLS_CERTIFICATE`` and ``CONSOLE_TLS_KEY`` name PEM files: then only TLS is
accepted.
"""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from console.runtime import capacity, graceful_stop
from console.runtime.server_settings import check_server_settings

try:
    check_server_settings()
except ImproperlyConfigured as _error:
    sys.exit(str(_error))  # gunicorn would print a trace before it

wsgi_app = "console.wsgi:application"
bind = os.environ.get("CONSOLE_BIND", "127.0.0.1:8000")
worker_class = "console.runtime.buffering_worker.BufferingWorker"  # no thread waits for a slow client
threads = capacity.THREADS
worker_tmp_dir = "/dev/shm"  # noqa: S108  (heartbeats: a full or slow disk must not stop a worker)
# Seconds for requests in flight; after that a worker is killed.
graceful_timeout = graceful_stop.longest_request_seconds(float(os.environ.get("DIRECTORY_TIMEOUT", "10")))
timeout = graceful_timeout + 20  # a worker without a heartbeat for longer is stuck
certfile = os.environ.get("CONSOLE_TLS_CERTIFICATE") or None
keyfile = os.environ.get("CONSOLE_TLS_KEY") or None
keepalive = 75  # longer than the proxy keeps idle connections open
max_requests, max_requests_jitter = 20_000, 2_000
forwarded_allow_ips = ""  # the console itself decides, by TRUSTED_PROXY_COUNT
accesslog = None  # the console's own access log has request id, route and client address
control_socket_disable = True

_METRICS = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
_DRAIN = os.environ.get("CONSOLE_DRAIN_FILE", "")


def on_starting(_server: object) -> None:
    """Stop draining, and reset the counters: files of former workers would be added to the new ones."""
    if _DRAIN:
        Path(_DRAIN).unlink(missing_ok=True)
    if _METRICS:
        Path(_METRICS).mkdir(parents=True, exist_ok=True)
        for metrics_file in Path(_METRICS).glob("*.db"):
            metrics_file.unlink()


def child_exit(_server: object, worker: object) -> None:
    """Drop the gauges of a worker that has ended."""
    if _METRICS:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call, attr-defined]
