"""Background work: read the directory again for unknown outcomes, with the token of the session that asked."""

import datetime
import logging
import uuid
from typing import Final

from django.conf import settings
from django.dispatch import receiver

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change
from accounts_ui.directory.client import HttpDirectoryClient
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.operations import evidence
from accounts_ui.services.operations.reconciliation import reread_unknown_outcomes
from accounts_ui.services.reread_schedule import KIND, RereadKey, conclusive_from, shared_read_time
from accounts_ui.tasks.leases import Lease, delete_finished_work
from accounts_ui.tasks.runner import RETRY_AFTER
from accounts_ui.tasks.work_kinds import register_work
from console import clock
from console.signin.access.rules import Role
from console.signin.errors import ProviderUnreachable, SignInEnded
from console.signin.session_person import SessionPerson, person_of_session
from console.signin.signals import expired_sessions_cleared

logger = logging.getLogger(__name__)

NO_REQUEST: Final = ""
"""The address that the log records: no request of a browser caused the read."""

KEEP_FINISHED: Final = datetime.timedelta(days=1)


def run_reread(lease: Lease) -> datetime.datetime | None:
    """Read the organization's list once, if outcomes are due for it. Return when to read again.

    If the session has ended, nothing is read: what is unknown waits for an administrator.
    """
    key = RereadKey.parse(lease.key)
    now = clock.now()
    read_at = _next_read(key.organization_id)
    if read_at is None or read_at > now:
        return read_at
    try:
        person = person_of_session(key.session_id)
        if person is None or person.role_in(key.organization_id) != Role.ADMIN:
            return None
        _read(person, key.organization_id)
    except SignInEnded:
        return None
    except (DirectoryError, ProviderUnreachable) as error:
        logger.info("The directory could not be read for unknown outcomes: %s", error)
        return clock.now() + RETRY_AFTER
    # A read that could not tell will not be able to later: only what was not due when it began is read for again.
    return _next_read(key.organization_id, after=now)


def _read(person: SessionPerson, organization_id: str) -> None:
    context = AuditContext(
        organization_id=organization_id,
        issuer=person.actor.issuer,
        subject=person.actor.subject,
        name=person.actor.name,
        email=person.actor.email,
        ip=NO_REQUEST,
        request_id=str(uuid.uuid4()),
    )
    client = HttpDirectoryClient(
        settings.DIRECTORY_API_URL,
        person.tokens,
        settings.DIRECTORY_TIMEOUT,
        max_bytes=settings.DIRECTORY_MAX_BYTES,
        request_id=context.request_id,
    )
    reread_unknown_outcomes(client=client, context=context, how=evidence.AUTOMATIC)


def _next_read(organization_id: str, *, after: datetime.datetime | None = None) -> datetime.datetime | None:
    """Return when the open changes of the organization, of those due ``after`` a time, can be decided by one read."""
    changes = filter(_is_readable, queries.open_changes(organization_id, with_running=True))
    times = map(conclusive_from, changes)
    return shared_read_time([time for time in times if after is None or time > after])


def _is_readable(change: Change) -> bool:
    """Return whether a read could decide the outcome, going by the last one: the list may not name codes."""
    events = queries.events_of(change)
    evidence_of_last = (events[-1].evidence if events else None) or {}
    return evidence_of_last.get("lists_types") is not False


@receiver(expired_sessions_cleared)
def _forget_finished_rereads(**_: object) -> None:
    """Delete finished work: it names sessions, and each session has pieces of its own."""
    delete_finished_work(kind=KIND, before=clock.now() - KEEP_FINISHED)


register_work(KIND, run=run_reread)
