"""The doctor's checks of the site: time, database, cache. Those of the provider are in ``provider_checks``."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from console import http
from console.runtime import capacity, database_role, health
from console.runtime.doctor import Finding, doctor_check, error, ok, warning
from console.runtime.provider_checks import DiscoveryFailed, diagnose_provider, fetch_discovery
from console.signin.errors import SignInRefused
from console.signin.oidc import id_token

NOTABLE_SKEW: Final = 5  # seconds between two clocks; past id_token.LEEWAY nobody can sign in


@doctor_check("time", fix="Fix provider and database first.")
def diagnose_clocks() -> Iterator[Finding]:
    """Compare this machine's clock with the provider's (RFC 9110, section 6.6.1) and with the database's."""
    yield _clock_finding("the provider", _seconds_ahead(fetch_discovery().headers.get("Date", "")))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            yield _clock_finding("the database", float(cursor.fetchone()[0]) - time.time())


def _clock_finding(owner: str, seconds: float | None) -> Finding:
    if seconds is None:
        return warning(f"{owner} does not send its time", "Make sure that this machine's clock is synchronized (NTP).")
    if abs(seconds) > id_token.LEEWAY:
        return error(
            f"the clock of {owner} is {abs(seconds):.0f} seconds {'ahead' if seconds > 0 else 'behind'}: past "
            f"{id_token.LEEWAY} seconds tokens are rejected, and times in the log are wrong",
            "Synchronize both clocks (NTP).",
            "console.E021",
        )
    if abs(seconds) > NOTABLE_SKEW:
        return warning(f"the clock of {owner} differs by {abs(seconds):.0f} seconds", "Synchronize both clocks (NTP).")
    return ok(f"the clock of {owner} agrees within {NOTABLE_SKEW} seconds")


def _seconds_ahead(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@doctor_check("database", fix="Start the database, or correct DATABASE_URL.")
def diagnose_database() -> Iterator[Finding]:
    """Check that it answers, has the newest schema, accepts enough connections, and what the role may do."""
    health.check_database()
    roles = list(database_role.diagnose_role())
    yield from roles
    if any(finding.id == database_role.UNREADABLE_ID for finding in roles):
        return  # the migrations might be unreadable, too
    executor = MigrationExecutor(connection)
    unapplied = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if unapplied:
        yield error(f"{len(unapplied)} migrations are not applied", "Run `manage.py migrate`.")
    else:
        yield ok(f"{connection.vendor} answers, with the newest schema")
    if connection.vendor == "postgresql":
        yield _connections_finding()


def _connections_finding() -> Finding:
    """Compare the database's connections with what a replica like this one may use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        [available] = cursor.fetchone()
    each = capacity.max_connections()
    if available < each:
        return warning(
            f"the database accepts {available} connections, but this replica alone may open {each}",
            "Raise max_connections, or lower WEB_CONCURRENCY.",
        )
    return ok(f"the database has connections for {available // each} replicas of {each}")


@doctor_check("cache", fix="Start Redis, or correct CACHE_URL.")
def diagnose_cache() -> Iterator[Finding]:
    """Check that it stores what is written to it."""
    health.check_cache()
    shared = not settings.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    yield ok("the shared cache answers" if shared else "each process has a cache in its own memory")


def diagnose_clock_and_claims() -> Iterator[Finding]:
    """Yield what ``check --deploy`` reports of the provider: only problems that have an id."""
    try:
        response = fetch_discovery()
        claims = [finding for finding in diagnose_provider() if finding.id]
    except (SignInRefused, http.ExchangeError, DiscoveryFailed) as failure:
        yield warning(
            f"the provider's time and claims could not be checked: {str(failure).rstrip('.')}",
            "Run `manage.py doctor` on a machine that reaches the provider.",
            "console.W021",
        )
        return
    yield from claims
    yield _clock_finding("the provider", _seconds_ahead(response.headers.get("Date", "")))
