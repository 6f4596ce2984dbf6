"""The checks of ``manage.py check --deploy``: they reject unsafe settings and explain how to fix each one.

Settings that can never work stop the start instead (``console.environment``). An error here means that the console
runs but is not safe; a warning means that something will not work as expected. Django's own checks run beside these.
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
from django.db import Error as DatabaseError

from console.addresses import is_loopback
from console.embedding import served_over_https
from console.runtime import database_role, doctor_checks, graceful_stop, provider_checks, telemetry
from console.runtime.capacity import worker_count
from console.runtime.doctor import EXTERNAL, as_system_checks

MIN_SECRET_KEY_LENGTH: Final = 50  # characters; the same as in Django's own check
MIN_SECRET_KEY_CHARACTERS: Final = 10  # different ones
MIN_METRICS_TOKEN_LENGTH: Final = 16  # characters
MIN_DIFFERENT_BYTES: Final = 14  # of the 32 of a key; random ones have fewer than 20 hardly ever

Messages = Iterator[CheckMessage]


def check_secret_key() -> Messages:
    """``SECRET_KEY`` signs values that pass through the browser; whoever guesses it can forge them."""
    key = settings.SECRET_KEY
    is_short = len(key) < MIN_SECRET_KEY_LENGTH or len(set(key)) < MIN_SECRET_KEY_CHARACTERS
    if is_short or key.startswith("django-insecure-"):
        yield Error(
            f"SECRET_KEY is weak: it needs {MIN_SECRET_KEY_LENGTH} random characters or more.",
            hint="Use the value that `manage.py newkeys` prints.",
            id="console.E001",
        )


def check_keys_differ() -> Messages:
    """A key with two uses is lost for both as soon as one of them leaks it."""
    keys: Counter[bytes] = Counter(_key_bytes())
    if any(count > 1 for count in keys.values()):
        yield Error(
            "Two of SECRET_KEY, TOKEN_ENCRYPTION_KEYS, AUDIT_SIGNING_KEY and OIDC_CLIENT_SECRET are the same.",
            hint="Use a new value for each, from `manage.py newkeys`.",
            id="console.E002",
        )


def _key_bytes() -> Iterator[bytes]:
    signing_key: Ed25519PrivateKey = settings.AUDIT_SIGNING_KEY
    texts = [settings.SECRET_KEY, settings.OIDC_CLIENT_SECRET, *settings.TOKEN_ENCRYPTION_KEYS]
    yield from (_decoded(text) for text in texts)
    yield signing_key.private_bytes_raw()


def _decoded(text: str) -> bytes:
    """Return the bytes behind standard or URL-safe base64, so that a key in two notations counts as the same key."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return text.encode()


def check_keys_are_random() -> Messages:
    """A key that somebody typed can be guessed. It shows: random bytes hardly ever repeat."""
    keys = {
        "TOKEN_ENCRYPTION_KEYS": [_decoded(text) for text in settings.TOKEN_ENCRYPTION_KEYS],
        "AUDIT_SIGNING_KEY": [settings.AUDIT_SIGNING_KEY.private_bytes_raw()],
    }
    for name, values in keys.items():
        if any(len(set(value)) < MIN_DIFFERENT_BYTES for value in values):
            yield Error(
                f"{name} is not random: it repeats a few bytes.",
                hint="Use the value that `manage.py newkeys` prints.",
                id="console.E018",
            )


def check_debug() -> Messages:
    """Django's debug pages show settings and local variables to anybody who causes an error."""
    if settings.DEBUG:
        yield Error(
            "DEBUG is on: error pages show internals of the console, and cookies are sent without HTTPS.",
            hint="Remove DEBUG from the environment.",
            id="console.E003",
        )


def check_services_use_tls() -> Messages:
    """``http://`` to this machine is for the sandbox only: it carries tokens and the client secret."""
    for number, name in ((4, "OIDC_ISSUER"), (5, "DIRECTORY_API_URL")):
        if urlsplit(getattr(settings, name)).scheme != "https":
            yield Error(
                f"{name} is an http:// address: tokens would be sent unencrypted.",
                hint=f"Set {name} to the https:// address of the service.",
                id=f"console.E{number:03}",
            )


def check_hosts() -> Messages:
    """The Host header ends up in links and redirects, so strangers must not be able to choose it."""
    if any("*" in host or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS has a wildcard: requests can name hosts that do not belong to the console.",
            hint="List each host name in full, for example: ALLOWED_HOSTS=console.example.org",
            id="console.E006",
        )
    elif all(is_loopback(host) for host in settings.ALLOWED_HOSTS):
        yield Warning(
            "ALLOWED_HOSTS names only this machine, so the console is served without HTTPS and its cookie protections.",
            hint="Add the host name under which admins open the console.",
            id="console.W006",
        )


def check_trusted_origins() -> Messages:
    """A trusted origin can submit forms on behalf of an admin."""
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "*" in origin or not origin.startswith("https://"):
            yield Error(
                f"CSRF_TRUSTED_ORIGINS has {origin!r}: it has a wildcard or is not https.",
                hint="List each origin in full with https://. The console's own origin does not have to be listed.",
                id="console.E007",
            )


def check_embedding() -> Messages:
    """A page that frames the console can overlay it (clickjacking), so each origin has to be named."""
    origins, mode = settings.CONSOLE_EMBED_ORIGINS, settings.CONSOLE_EMBED_MODE
    if bool(origins) == (mode == "none"):
        yield Error(
            f"CONSOLE_EMBED_MODE is {mode!r}, but CONSOLE_EMBED_ORIGINS lists {len(origins)} origins.",
            hint="Set both (same-site or cross-site, and the origins that may frame the console), or neither.",
            id="console.E008",
        )
    for origin in origins:
        if "*" in origin or not origin.startswith("https://"):
            yield Error(
                f"CONSOLE_EMBED_ORIGINS has {origin!r}: it has a wildcard or is not https.",
                hint="List each portal's origin in full, for example: https://portal.example.org",
                id="console.E009",
            )


def check_workers_share_a_cache() -> Messages:
    """A value that one worker process caches in its memory is stale in the others."""
    if worker_count() > 1 and settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        yield Error(
            f"WEB_CONCURRENCY is {worker_count()}, but each process has its own cache.",
            hint="Set CACHE_URL, for example: CACHE_URL=redis://127.0.0.1:6379/0",
            id="console.E010",
        )


def check_cache_password() -> Messages:
    """A client that can write to Redis can disable the rate limits and slow the console down."""
    for location in str(settings.CACHES["default"].get("LOCATION", "")).split(","):
        parts = urlsplit(location)
        if parts.scheme in ("redis", "rediss") and not parts.password and not is_loopback(parts.hostname or ""):
            yield Error(
                f"CACHE_URL names a Redis server on {parts.hostname} without a password.",
                hint="Set requirepass in Redis, and the password in the URL: CACHE_URL=rediss://:PASSWORD@HOST:6379/0",
                id="console.E029",
            )


def check_workers_share_a_database() -> Messages:
    """SQLite lets one process write at a time; the others wait, and time out under load."""
    if worker_count() > 1 and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            f"WEB_CONCURRENCY is {worker_count()} on SQLite: processes wait for each other to write.",
            hint="Use PostgreSQL, for example: DATABASE_URL=postgres://console@127.0.0.1:5432/console",
            id="console.W011",
        )


def check_workers_share_metrics() -> Messages:
    """Without a shared folder ``/metrics`` shows only the worker that happens to answer."""
    if worker_count() > 1 and not {"PROMETHEUS_MULTIPROC_DIR", "METRICS_OF_THE_SERVICE"} & set(os.environ):
        yield Warning(
            f"WEB_CONCURRENCY is {worker_count()} without PROMETHEUS_MULTIPROC_DIR: /metrics shows only one worker.",
            hint="Set it to a folder that is empty at each start, for example: /run/console/metrics",
            id="console.W012",
        )


def check_proxies() -> Messages:
    """Behind a proxy that is not counted, every request looks like plain http from a single address."""
    if not settings.TRUSTED_PROXY_COUNT and served_over_https(settings.ALLOWED_HOSTS, settings.DEBUG):
        yield Warning(
            "TRUSTED_PROXY_COUNT is 0: behind a proxy that terminates TLS, the console redirects to https endlessly, "
            "and the change log records the proxy's address.",
            hint="Set TRUSTED_PROXY_COUNT to the number of reverse proxies in front, usually 1.",
            id="console.W013",
        )


def check_static_files() -> Messages:
    """Files that are not collected are neither compressed nor cached by browsers."""
    if not getattr(staticfiles_storage, "is_collected", True):
        yield Warning(
            "Static files are not collected: browsers fetch them again for each page.",
            hint="Run `manage.py collectstatic --no-input` with each upgrade.",
            id="console.W014",
        )


def check_metrics_token() -> Messages:
    """``METRICS_TOKEN`` alone protects the metrics from the network."""
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < MIN_METRICS_TOKEN_LENGTH:
        yield Error(
            f"METRICS_TOKEN is shorter than {MIN_METRICS_TOKEN_LENGTH} characters.",
            hint="Use a long random text, or none: then only this machine can read /metrics.",
            id="console.E015",
        )


def check_session_limits() -> Messages:
    """An idle limit beyond the absolute limit never takes effect."""
    if settings.SESSION_IDLE_MINUTES > settings.SESSION_MAX_HOURS * 60:
        yield Warning(
            "SESSION_IDLE_MINUTES is longer than SESSION_MAX_HOURS, so sessions never end for inactivity.",
            hint="Choose a shorter SESSION_IDLE_MINUTES; 30 is the default.",
            id="console.W016",
        )


def check_checkpoint_target() -> Messages:
    """Whoever can truncate the log can delete checkpoints that are stored beside it."""
    if not settings.AUDIT_CHECKPOINT_TARGET:
        yield Warning(
            "AUDIT_CHECKPOINT_TARGET is not set: checkpoints are stored only beside the log and in this process's "
            "output, so whoever truncates the log can remove them too.",
            hint="Set it to a file on another machine's storage, or to an https:// address, for example: "
            "AUDIT_CHECKPOINT_TARGET=/srv/console-checkpoints/checkpoints.txt",
            id="console.W017",
        )


def check_sessions() -> Messages:
    """Sessions hold tokens, so they stay on the server, which also enforces their limits."""
    if settings.SESSION_ENGINE != "console.signin.sessions" or "cookie" in settings.MESSAGE_STORAGE.lower():
        yield Error(
            f"SESSION_ENGINE is {settings.SESSION_ENGINE} and MESSAGE_STORAGE is {settings.MESSAGE_STORAGE}: data that "
            "belongs on the server would be stored in cookies.",
            hint="Do not change SESSION_ENGINE and MESSAGE_STORAGE of console/settings.py.",
            id="console.E019",
        )


def check_rules() -> Messages:
    """A rule on a claim that never matches locks people out; one on a claim that all have lets everybody in."""
    yield from as_system_checks(provider_checks.diagnose_rules())


def check_telemetry() -> Messages:
    """The operator expects spans at a collector that never gets any."""
    if telemetry.export_is_configured() and not telemetry.sdk_is_installed():
        yield Warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's SDK is not installed: no spans are sent.",
            hint="Run `pip install -r console/deploy/telemetry.txt`.",
            id="console.W024",
        )


def check_time_to_stop() -> Messages:
    """A proxy or systemd that gives up before the console does interrupts an operation, or hides its result."""
    longest = graceful_stop.longest_request_seconds(settings.DIRECTORY_TIMEOUT)
    if longest >= graceful_stop.PROXY_SECONDS:
        yield Warning(
            f"With this DIRECTORY_TIMEOUT a request can take {longest} seconds: the shipped proxies wait for "
            f"{graceful_stop.PROXY_SECONDS}, and systemd kills the console after {graceful_stop.STOP_SECONDS}.",
            hint=f"Let the proxy wait for {longest + 10} seconds (proxy_read_timeout, response_header_timeout, timeout "
            f"server), set TimeoutStopSec={longest + 20} in console.service, or shorten DIRECTORY_TIMEOUT.",
            id="console.W025",
        )


CHECKS: Final[tuple[Callable[[], Messages], ...]] = (
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
    """Run all checks of the settings."""
    return [message for check in CHECKS for message in check()]


@register(EXTERNAL, deploy=True)
def check_provider(**_: Any) -> list[CheckMessage]:
    """Check the provider's clock and claims."""
    return as_system_checks(doctor_checks.diagnose_clock_and_claims())


@register(EXTERNAL, deploy=True)
def check_database_role(**_: Any) -> list[CheckMessage]:
    """Check the role that serves. Another check reports a database that does not answer."""
    try:
        return as_system_checks(database_role.diagnose_role())
    except DatabaseError:
        return []
