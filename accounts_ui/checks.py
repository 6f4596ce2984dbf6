"""What ``manage.py doctor`` and ``check --deploy`` look at of the product: the log and the directory."""

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
from console.runtime.doctor import OUTSIDE, Finding, as_checks, bad, doubtful, good, part

TIMEOUT: Final = 5.0  # seconds
MAX_BYTES: Final = 64 * 1024
MIGRATE: Final = "Run `manage.py migrate` as the role that migrates, then roles.sql."


@part("log", mend="Mend the database first.")
def look_at_log() -> Iterator[Finding]:
    """Triggers, and that the last event was signed with a key that is known."""
    found = list(look_at_triggers())
    yield from found
    if found[0].state == "doubtful":
        return
    yield look_at_search()
    last = Event.objects.order_by("-sequence").values_list("sequence", "key_id").first()
    if last and last[1] not in keys.public_keys():
        yield bad(
            f"event {last[0]} was signed with a key that neither AUDIT_SIGNING_KEY nor AUDIT_RETIRED_PUBLIC_KEYS has",
            "Set the key of this log's installation, or list the former one: see “A new signing key” in operating.md.",
        )
    else:
        yield good(f"the log ends at event {last[0]}" if last else "the log is empty")


def look_at_search() -> Finding:
    """Whether searching the log reads every change."""
    if search_index.is_built(connection):
        return good("the log's texts are indexed")
    if connection.vendor == "postgresql":
        mend = "Have a superuser run CREATE EXTENSION pg_trgm in this database; then, as the role that migrates: "
    else:
        mend = "Use a Python whose SQLite is 3.34 or newer and has FTS5; then: "
    return doubtful("searching the log reads every change of it", f"{mend}`manage.py index_changes`.")


def look_at_triggers() -> Iterator[Finding]:
    """Whether the database itself keeps the log append-only."""
    if not set(trigger_check.TABLES) <= set(connection.introspection.table_names()):
        yield doubtful("the database has no change log yet, or a former release's", MIGRATE, "console.W023")
        return
    wrong = trigger_check.wrong(connection)
    if wrong:
        yield bad(
            f"the triggers that keep the change log are not as they were made: {'; '.join(wrong)}",
            "Find out who changed them, run `manage.py verify_changes`, and restore them from a database that is "
            "freshly migrated.",
            "console.E023",
        )
    else:
        yield good("the triggers that keep the change log are all there")


@part("directory", mend="Correct DIRECTORY_API_URL, or let this machine reach the directory.")
def look_at_directory() -> Iterator[Finding]:
    """Asked without a token, it has to want one."""
    organization = segment(next(iter(settings.CONSOLE_ORGANIZATIONS.exact), "doctor"))
    address = f"{settings.DIRECTORY_API_URL}/directory/orgs/{organization}/accounts/users"
    answer = http.exchange("GET", address, timeout=TIMEOUT, max_bytes=MAX_BYTES)
    if answer.status in (401, 403):
        yield good(f"the directory answers, and wants a token ({answer.status})")
    elif 200 <= answer.status < 300:
        yield doubtful("the directory lists people to whoever asks", "Tell who runs it: it wants no access token.")
    else:
        yield bad(
            f"the directory answers {answer.status} instead of asking for a token",
            "See that DIRECTORY_API_URL is the base of the Directory API, without /directory/orgs.",
        )


@register(OUTSIDE, deploy=True)
def check_triggers(**_: Any) -> list[CheckMessage]:
    """For ``check --deploy``."""
    try:
        return as_checks(look_at_triggers())
    except Error as error:
        told = doubtful(f"the database could not be asked for its triggers: {error}", "Start it.", "console.W023")
        return as_checks([told])
