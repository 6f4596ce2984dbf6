"""What ``manage.py check --deploy`` refuses: each with an id, the reason and the mend.

What could never work at all stops the start instead (``console.environment``). An error here is a console that runs
and is not safe; a warning is one that will disappoint. Django's own deployment checks run beside these.
"""

import base64
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's own name)

from console.addresses import is_loopback
from console.embedding import served_over_https
from console.runtime import doctor_checks, graceful_stop, telemetry
from console.runtime.capacity import workers
from console.runtime.doctor import OUTSIDE, as_checks

SHORTEST_SECRET_KEY: Final = 50  # characters, as Django asks for
SHORTEST_METRICS_TOKEN: Final = 16  # characters
FEWEST_DIFFERENT_BYTES: Final = 14  # of the 32 of a key

Finding = Iterator[CheckMessage]


def check_secret_key() -> Finding:
    """``SECRET_KEY`` signs the links between sign-in's steps; whoever guesses it forges them."""
    key = settings.SECRET_KEY
    if len(key) < SHORTEST_SECRET_KEY or len(set(key)) < 10 or key.startswith("django-insecure-"):
        yield Error(
            f"SECRET_KEY is weak: it needs {SHORTEST_SECRET_KEY} random characters or more.",
            hint="Take the value that `manage.py newkeys` prints.",
            id="console.E001",
        )


def check_keys_differ() -> Finding:
    """A key with two uses falls with either of them."""
    uses: Counter[bytes] = Counter(_key_bytes())
    if any(count > 1 for count in uses.values()):
        yield Error(
            "Two of SECRET_KEY, TOKEN_ENCRYPTION_KEYS, AUDIT_SIGNING_KEY and OIDC_CLIENT_SECRET are the same.",
            hint="Take a fresh value for each from `manage.py newkeys`.",
            id="console.E002",
        )


def _key_bytes() -> Iterator[bytes]:
    signing_key: Ed25519PrivateKey = settings.AUDIT_SIGNING_KEY
    texts = [settings.SECRET_KEY, settings.OIDC_CLIENT_SECRET, *settings.TOKEN_ENCRYPTION_KEYS]
    yield from (_decoded(text) for text in texts)
    yield signing_key.private_bytes_raw()


def _decoded(text: str) -> bytes:
    """The bytes behind base64, standard or URL-safe, so that one key in two notations is still one key."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return text.encode()


def check_keys_are_random() -> Finding:
    """Somebody typed it: 32 random bytes hardly ever have fewer than 20 different ones among them."""
    keys = {
        "TOKEN_ENCRYPTION_KEYS": [_decoded(text) for text in settings.TOKEN_ENCRYPTION_KEYS],
        "AUDIT_SIGNING_KEY": [settings.AUDIT_SIGNING_KEY.private_bytes_raw()],
    }
    for name, values in keys.items():
        if any(len(set(value)) < FEWEST_DIFFERENT_BYTES for value in values):
            yield Error(
                f"{name} is not random: it repeats a few bytes.",
                hint="Take the value that `manage.py newkeys` prints.",
                id="console.E018",
            )


def check_debug() -> Finding:
    """Django's debug pages show settings and local variables to whoever causes an error."""
    if settings.DEBUG:
        yield Error(
            "DEBUG is on: error pages show the inside of the console, and cookies travel without HTTPS.",
            hint="Remove DEBUG from the environment.",
            id="console.E003",
        )


def check_services_use_tls() -> Finding:
    """``http://`` to this machine is meant for the sandbox; tokens and the client secret go over it."""
    for number, name in ((4, "OIDC_ISSUER"), (5, "DIRECTORY_API_URL")):
        if urlsplit(getattr(settings, name)).scheme != "https":
            yield Error(
                f"{name} is an http:// address: tokens would travel in the clear.",
                hint=f"Set {name} to the https:// address of the service.",
                id=f"console.E{number:03}",
            )


def check_hosts() -> Finding:
    """A Host header that any stranger may choose ends up in links and redirects."""
    if any("*" in host or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS has a wildcard, so a request may name hosts that are not the console's.",
            hint="List each host name in full, for example: ALLOWED_HOSTS=console.example.org",
            id="console.E006",
        )
    elif all(is_loopback(host) for host in settings.ALLOWED_HOSTS):
        yield Warning(
            "ALLOWED_HOSTS names this machine only, so the console is served without HTTPS and its cookie protections.",
            hint="Add the host name under which admins open the console.",
            id="console.W006",
        )


def check_trusted_origins() -> Finding:
    """An origin that is trusted here may post forms in an admin's name."""
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "*" in origin or not origin.startswith("https://"):
            yield Error(
                f"CSRF_TRUSTED_ORIGINS has {origin!r}: a wildcard, or not https.",
                hint="List each origin in full with https://, or leave it empty: the console's own origin needs none.",
                id="console.E007",
            )


def check_embedding() -> Finding:
    """Who may frame the console can lay something over it (clickjacking), so each of them is named."""
    origins, mode = settings.CONSOLE_EMBED_ORIGINS, settings.CONSOLE_EMBED_MODE
    if bool(origins) == (mode == "none"):
        yield Error(
            f"CONSOLE_EMBED_MODE is {mode!r}, but CONSOLE_EMBED_ORIGINS lists {len(origins)} origins.",
            hint="Set both (same-site or cross-site, and who may frame the console), or neither.",
            id="console.E008",
        )
    for origin in origins:
        if "*" in origin or not origin.startswith("https://"):
            yield Error(
                f"CONSOLE_EMBED_ORIGINS has {origin!r}: a wildcard, or not https.",
                hint="List each portal's origin in full, for example: https://portal.example.org",
                id="console.E009",
            )


def check_workers_share_a_cache() -> Finding:
    """What one worker process caches in its own memory, another does not see change."""
    if workers() > 1 and settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        yield Error(
            f"WEB_CONCURRENCY is {workers()}, but each process has a cache of its own.",
            hint="Set CACHE_URL, for example: CACHE_URL=redis://127.0.0.1:6379/0",
            id="console.E010",
        )


def check_cache_password() -> Finding:
    """Whoever can write to Redis can switch off rate limits and slow the console down."""
    for location in str(settings.CACHES["default"].get("LOCATION", "")).split(","):
        parts = urlsplit(location)
        if parts.scheme in ("redis", "rediss") and not parts.password and not is_loopback(parts.hostname or ""):
            yield Error(
                f"CACHE_URL names a Redis server on {parts.hostname} without a password.",
                hint="Set requirepass in Redis, and the password in the URL: CACHE_URL=rediss://:PASSWORD@HOST:6379/0",
                id="console.E026",
            )


def check_workers_share_a_database() -> Finding:
    """SQLite lets one process write at a time; the others wait, and under load give up."""
    if workers() > 1 and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            f"WEB_CONCURRENCY is {workers()} on SQLite: processes queue for each write.",
            hint="Use PostgreSQL, for example: DATABASE_URL=postgres://console@127.0.0.1:5432/console",
            id="console.W011",
        )


def check_workers_share_metrics() -> Finding:
    """Without a common folder ``/metrics`` shows whichever worker happens to answer."""
    if workers() > 1 and not {"PROMETHEUS_MULTIPROC_DIR", "METRICS_OF_THE_SERVICE"} & set(os.environ):
        yield Warning(
            f"WEB_CONCURRENCY is {workers()} without PROMETHEUS_MULTIPROC_DIR: /metrics shows one worker only.",
            hint="Set it to a folder that is empty at each start, for example: /run/console/metrics",
            id="console.W012",
        )


def check_proxies() -> Finding:
    """Behind a proxy that does not count, every request looks like plain http from one address."""
    if not settings.TRUSTED_PROXY_COUNT and served_over_https(settings.ALLOWED_HOSTS, settings.DEBUG):
        yield Warning(
            "TRUSTED_PROXY_COUNT is 0: behind a proxy that ends TLS, the console redirects to https for ever, and the "
            "change log holds the proxy's address.",
            hint="Set TRUSTED_PROXY_COUNT to the number of reverse proxies in front, usually 1.",
            id="console.W013",
        )


def check_static_files() -> Finding:
    """What is not collected is neither compressed nor kept by browsers."""
    if not getattr(staticfiles_storage, "is_collected", True):
        yield Warning(
            "Static files are not collected: each page fetches them again.",
            hint="Run `manage.py collectstatic --no-input` with every upgrade.",
            id="console.W014",
        )


def check_metrics_token() -> Finding:
    """``METRICS_TOKEN`` is the only thing between the network and the metrics."""
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < SHORTEST_METRICS_TOKEN:
        yield Error(
            f"METRICS_TOKEN is shorter than {SHORTEST_METRICS_TOKEN} characters.",
            hint="Use a long random text, or none: then only this machine may read /metrics.",
            id="console.E015",
        )


def check_session_limits() -> Finding:
    """An idle limit past the absolute one never takes effect."""
    if settings.SESSION_IDLE_MINUTES > settings.SESSION_MAX_HOURS * 60:
        yield Warning(
            "SESSION_IDLE_MINUTES is longer than SESSION_MAX_HOURS, so no session ends for being idle.",
            hint="Choose a shorter SESSION_IDLE_MINUTES; 30 is the default.",
            id="console.W016",
        )


def check_checkpoint_target() -> Finding:
    """Checkpoints that lie beside the log fall with it."""
    if not settings.AUDIT_CHECKPOINT_TARGET:
        yield Warning(
            "AUDIT_CHECKPOINT_TARGET is not set: checkpoints lie beside the log and in this process's output only, so "
            "whoever cuts the log's tail can cut them too.",
            hint="Set it to a file that the console's host does not keep, or to an https:// address elsewhere, for "
            "example: AUDIT_CHECKPOINT_TARGET=/mnt/archive/checkpoints.jsonl",
            id="console.W017",
        )


def check_sessions() -> Finding:
    """Sessions hold tokens, so they stay on the server, with limits that are the server's."""
    if settings.SESSION_ENGINE != "console.signin.sessions" or "cookie" in settings.MESSAGE_STORAGE.lower():
        yield Error(
            f"Sessions are kept by {settings.SESSION_ENGINE}, messages by {settings.MESSAGE_STORAGE}: cookies would "
            "carry what belongs on the server.",
            hint="Leave SESSION_ENGINE and MESSAGE_STORAGE as console/settings.py has them.",
            id="console.E019",
        )


def check_rules() -> Finding:
    """A rule on a claim that never matches locks its people out; one on a claim that all have lets everybody in."""
    yield from as_checks(doctor_checks.check_rules())


def check_telemetry() -> Finding:
    """A collector that waits for spans in vain."""
    if telemetry.export_is_configured() and not telemetry.sdk_is_installed():
        yield Warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: no spans are sent.",
            hint="Run `pip install -r console/deploy/telemetry.txt`.",
            id="console.W024",
        )


def check_time_to_stop() -> Finding:
    """Whoever stops waiting before the console does, kills an operation, or tells its admin nothing of it."""
    longest = graceful_stop.seconds(settings.DIRECTORY_TIMEOUT)
    if longest >= graceful_stop.PROXY_SECONDS:
        yield Warning(
            f"DIRECTORY_TIMEOUT lets a request take {longest} seconds: the proxies as shipped wait for "
            f"{graceful_stop.PROXY_SECONDS}, and systemd ends the console after {graceful_stop.STOP_SECONDS}.",
            hint=f"Give the proxy {longest + 10} seconds for an answer (proxy_read_timeout, response_header_timeout, "
            f"timeout server) and console.service TimeoutStopSec={longest + 20}, or shorten DIRECTORY_TIMEOUT.",
            id="console.W025",
        )


CHECKS: Final[tuple[Callable[[], Finding], ...]] = (
    check_secret_key,
    check_keys_differ,
    check_keys_are_random,
    check_debug,
    check_services_use_tls,
    check_hosts,
    check_trusted_origins,
    check_embedding,
    check_workers_share_a_cache,
    check_cache_password,
    check_workers_share_a_database,
    check_workers_share_metrics,
    check_proxies,
    check_static_files,
    check_metrics_token,
    check_session_limits,
    check_checkpoint_target,
    check_sessions,
    check_rules,
    check_telemetry,
    check_time_to_stop,
)
"""Every check of the site's settings."""


@register(Tags.security, deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    """Run all of them."""
    return [finding for check in CHECKS for finding in check()]


@register(OUTSIDE, deploy=True)
def check_provider(**_: Any) -> list[CheckMessage]:
    """What only the provider can tell: the time, and which claims it gives."""
    return as_checks(doctor_checks.check_clock_and_claims())
