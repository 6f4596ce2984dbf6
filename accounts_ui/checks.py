"""The doctor's checks of the change log and of the directory, some of which ``check --deploy`` runs too."""

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.db import Error, connection

from accounts_ui.changes.chain import keys
from accounts_ui.changes.models import Event
from accounts_ui.changes.schema import search_index, trigger_check
from accounts_ui.directory.ids import segment
from console import http
from console.runtime.doctor import EXTERNAL, Finding, as_system_checks, doctor_check, error, ok, warning

TIMEOUT: Final = 5.0  # seconds
MAX_BYTES: Final = 64 * 1024
RUN_MIGRATE: Final = "Run `manage.py migrate` as the role that migrates, then roles.sql."


@doctor_check("log", fix="Fix the database first.")
def diagnose_log() -> Iterator[Finding]:
    """Check the triggers and the search index, and that the last event was signed with a known key."""
    findings = list(diagnose_triggers())
    yield from findings
    if findings[0].level == "warning":
        return
    yield diagnose_search_index()
    last = Event.objects.order_by("-sequence").values_list("sequence", "key_id").first()
    if last and last[1] not in keys.public_keys():
        yield error(
            f"event {last[0]} was signed with a key that is in neither AUDIT_SIGNING_KEY nor AUDIT_RETIRED_PUBLIC_KEYS",
            "Set the key of this log's installation, or list the former one: see “A new signing key” in operating.md.",
        )
    else:
        yield ok(f"the log ends at event {last[0]}" if last else "the log is empty")


def diagnose_search_index() -> Finding:
    """Check that searching the log does not have to read every change."""
    if search_index.is_built(connection):
        return ok("the log's texts are indexed")
    if connection.vendor == "postgresql":
        fix = "Let a superuser run CREATE EXTENSION pg_trgm in this database; then, as the role that migrates: "
    else:
        fix = "Use a Python whose SQLite is 3.34 or newer and has FTS5; then: "
    return warning("searching the log reads every change in it", f"{fix}`manage.py index_changes`.")


def diagnose_triggers() -> Iterator[Finding]:
    """Check that the database itself keeps the log append-only."""
    if not set(trigger_check.TABLES) <= set(connection.introspection.table_names()):
        yield warning("the database has no change log yet, or that of an older release", RUN_MIGRATE, "console.W023")
        return
    wrong = trigger_check.trigger_problems(connection)
    if wrong:
        yield error(
            f"the triggers that protect the change log were altered: {'; '.join(wrong)}",
            "Find out who altered them, run `manage.py verify_changes`, and restore them from a freshly migrated "
            "database.",
            "console.E023",
        )
    else:
        yield ok("the triggers that protect the change log are in place")


@doctor_check("directory", fix="Correct DIRECTORY_API_URL, or let this machine reach the directory.")
def diagnose_directory() -> Iterator[Finding]:
    """Check that it answers, and that it rejects a request without a token."""
    organization = segment(next(iter(settings.CONSOLE_ORGANIZATIONS.exact), "doctor"))
    address = f"{settings.DIRECTORY_API_URL}/directory/orgs/{organization}/accounts/users"
    response = http.exchange("GET", address, timeout=TIMEOUT, max_bytes=MAX_BYTES)
    if response.status in (401, 403):
        yield ok(f"the directory answers, and asks for a token ({response.status})")
    elif 200 <= response.status < 300:
        yield warning("the directory lists people without an access token", "Tell the people who run it.")
    else:
        yield error(
            f"the directory answers {response.status} instead of asking for a token",
            "Make sure that DIRECTORY_API_URL is the base of the Directory API, without /directory/orgs.",
        )


@register(EXTERNAL, deploy=True)
def check_triggers(**_: Any) -> list[CheckMessage]:
    """Check the triggers, if the database answers."""
    try:
        return as_system_checks(diagnose_triggers())
    except Error as failure:
        finding = warning(f"the triggers could not be checked: {failure}", "Start the database.", "console.W023")
        return as_system_checks([finding])
