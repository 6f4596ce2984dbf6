"""gunicorn for the console: ``gunicorn --config console/deploy/gunicorn.conf.py``.

``WEB_CONCURRENCY`` is the number of worker processes; ``CONSOLE_BIND`` where they listen, which a reverse proxy calls.
For one on another machine ``CONSOLE_TLS_CERTIFICATE`` and ``CONSOLE_TLS_KEY`` name PEM files: then they speak TLS only.
"""

import os
from pathlib import Path

from console.runtime import capacity, graceful_stop

wsgi_app = "console.wsgi:application"
bind = os.environ.get("CONSOLE_BIND", "127.0.0.1:8000")
worker_class = "console.runtime.buffering_worker.BufferingWorker"  # no thread waits for a slow client
threads = capacity.THREADS
worker_tmp_dir = "/dev/shm"  # noqa: S108  (heartbeats: a full or slow disk must not end a worker)
graceful_timeout = graceful_stop.longest_request_seconds(
    float(os.environ.get("DIRECTORY_TIMEOUT", "10"))
)  # then a worker goes
timeout = graceful_timeout + 20  # a worker that is silent for longer is stuck
certfile = os.environ.get("CONSOLE_TLS_CERTIFICATE") or None
keyfile = os.environ.get("CONSOLE_TLS_KEY") or None
keepalive = 75  # longer than the proxy keeps its connections
max_requests, max_requests_jitter = 20_000, 2_000
forwarded_allow_ips = ""  # TRUSTED_PROXY_COUNT decides, in the console itself
accesslog = None  # the console's own has the request's id, route and person's address
control_socket_disable = True

_METRICS = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
_DRAIN = os.environ.get("CONSOLE_DRAIN_FILE", "")


def on_starting(_server: object) -> None:
    """Take requests again, and begin to count anew: files of workers that are gone would be added to those of now."""
    if _DRAIN:
        Path(_DRAIN).unlink(missing_ok=True)
    if _METRICS:
        Path(_METRICS).mkdir(parents=True, exist_ok=True)
        for one in Path(_METRICS).glob("*.db"):
            one.unlink()


def child_exit(_server: object, worker: object) -> None:
    """Forget what a worker that ended told of itself alone."""
    if _METRICS:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call, attr-defined]
