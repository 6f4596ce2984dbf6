"""The doctor's checks of the change log and of the directory, some of which ``check --deploy`` runs too."""

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.db import Error, connection
from django.db.models import QuerySet, Sum

from accounts_ui.changes.chain import keys
from accounts_ui.changes.chain.records import key_id
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.checkpoints.delivery import NotDelivered
from accounts_ui.changes.models import LogHead
from accounts_ui.changes.schema import search_index, trigger_check
from accounts_ui.directory.ids import segment
from console import http
from console.runtime.doctor import EXTERNAL, Finding, as_system_checks, doctor_check, error, ok, warning

TIMEOUT: Final = 5.0  # seconds
MAX_BYTES: Final = 64 * 1024
RUN_MIGRATE: Final = "Run `manage.py migrate` as the role that migrates, then roles.sql."


@doctor_check("log", fix="Fix the database first.")
def diagnose_log() -> Iterator[Finding]:
    """Check the triggers and the search index, and that the last event of each log was signed with a known key."""
    findings = list(diagnose_triggers())
    yield from findings
    if findings[0].level == "warning":
        return
    yield diagnose_search_index()
    heads = LogHead.objects.filter(sequence__gt=0)
    yield from _diagnose_keys(heads)


def _diagnose_keys(heads: QuerySet[LogHead]) -> Iterator[Finding]:
    current, former = keys.public_key(), keys.former_signing_key()
    others = heads.exclude(key_id=key_id(current))
    waiting = others.filter(key_id=key_id(former.public_key())) if former else others.none()
    unknown = others.exclude(key_id=key_id(former.public_key())).first() if former else others.first()
    if unknown:
        yield error(
            f"event {unknown.sequence} of {unknown.organization_id} was signed with a key that is neither "
            "AUDIT_SIGNING_KEY nor AUDIT_FORMER_SIGNING_KEY",
            "Set the key of this log's installation, or the former one: see “A new signing key” in operating.md.",
        )
    elif former:
        yield warning(
            f"the signing key is being changed; {waiting.count()} logs still end with the former one",
            "Run `manage.py change_signing_key`, remove AUDIT_FORMER_SIGNING_KEY, and restart all processes.",
        )
    else:
        number, events = heads.count(), heads.aggregate(events=Sum("sequence"))["events"]
        yield ok(f"{events} events in the logs of {number} organizations" if number else "there are no events yet")


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


@doctor_check("checkpoints", fix="Fix the database first.")
def diagnose_checkpoint_target() -> Iterator[Finding]:
    """Check that the target accepts a checkpoint. ``check --deploy`` reports a target that is not set."""
    if not settings.AUDIT_CHECKPOINT_TARGET:
        return
    try:
        statements.send_newest_again(_some_organization())
    except NotDelivered as failure:
        yield error(
            f"AUDIT_CHECKPOINT_TARGET does not accept a checkpoint: {str(failure).rstrip('.')}",
            "Let the service's user write to the file's folder (ReadWritePaths= in the units, too), or let this "
            "machine reach the address. Undelivered checkpoints go with the next one.",
            "console.E033",
        )
    else:
        yield ok("the target of checkpoints accepted the newest one once more")


def _some_organization() -> str:
    """Return a configured organization; any name, if claims name them all."""
    return next(iter(settings.CONSOLE_ORGANIZATIONS.exact), "doctor")


@doctor_check("directory", fix="Correct DIRECTORY_API_URL, or let this machine reach the directory.")
def diagnose_directory() -> Iterator[Finding]:
    """Check that it answers, and that it rejects a request without a token."""
    organization = segment(_some_organization())
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


@register(EXTERNAL, deploy=True)
def check_checkpoint_delivery(**_: Any) -> list[CheckMessage]:
    """Check the target of checkpoints. Another check reports a database that does not answer."""
    try:
        return as_system_checks(diagnose_checkpoint_target())
    except Error:
        return []
