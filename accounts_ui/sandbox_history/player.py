"""Doing what the story says, through the services that the pages use, at the times of the story."""

import datetime
import logging
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings

from accounts_ui.changes.models import Change
from accounts_ui.directory.client import HttpDirectoryClient
from accounts_ui.plans.models import PlanState
from accounts_ui.sandbox_history.cast import Cast, NobodyFits
from accounts_ui.sandbox_history.sandbox_servers import FixedToken, access_token, control_directory, set_directory_time
from accounts_ui.sandbox_history.story import END_OF_WORK, STORY, Step, at, working_day
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk import planner, runner
from accounts_ui.services.bulk.csv_import import read_list
from accounts_ui.services.listing.caching_client import CachingClient
from accounts_ui.services.operations import commands, reconciliation
from accounts_ui.tasks.runner import HeldLeases, do_one_piece
from console import clock
from console.sandbox.people import PEOPLE

logger = logging.getLogger(__name__)

BULK_ROWS: Final = 14
"""More than one chunk of a bulk run."""

_ADDRESSES: Final = {"ada": "192.0.2.17", "ben": "192.0.2.41", "gil": "198.51.100.8"}
"""IP addresses for the log, of networks that are reserved for documentation (RFC 5737)."""


class Player:
    """Plays the story once, and remembers what it needs for later steps."""

    def __init__(self) -> None:
        self._tokens: dict[str, FixedToken] = {name: access_token(name) for name in _ADDRESSES}
        self._casts = {
            organization: Cast(
                control_directory("people", org=organization), control_directory("accounts", org=organization)
            )
            for organization in {step.organization for step in STORY}
        }
        self._changes: dict[str, Change] = {}
        self._doings: dict[str, Callable[[Step, dict[str, Any]], Change | None]] = {
            "assign": self._assign,
            "change_status": self._change_status,
            "delete": self._delete,
            "undo": self._undo,
            "decide": self._decide,
            "bulk": self._bulk,
        }

    def play(self, today: datetime.date) -> None:
        """Play all steps. Afterwards it is today again, here and in the directory."""
        try:
            for days in sorted({step.days for step in STORY}, reverse=True):
                day = working_day(days, today)
                for step in (step for step in STORY if step.days == days):
                    self._play_step(step, at(day, datetime.time.fromisoformat(step.time)))
                clock.pretend(at(day, END_OF_WORK))
                while do_one_piece(owner="sandbox history", held=HeldLeases(), wake_workers=lambda: None):
                    pass  # each log has a checkpoint, and an index, of its own
        finally:
            clock.pretend(None)
            set_directory_time(None)

    def _play_step(self, step: Step, moment: datetime.datetime) -> None:
        clock.pretend(moment)
        set_directory_time(moment)
        try:
            if step.doing == "outside":
                self._change_outside(step)
                return
            if step.fault:
                status, message = step.fault
                control_directory("fault", name=f"status-{status}", message=message, on=step.doing, times=1)
            change = self._doings[step.doing](step, self._who(step))
        except NobodyFits as error:
            logger.info("The history leaves out a step: nobody in %s fits (%s).", step.organization, error)
            return
        if change is not None:
            self._changes[step.person] = change

    def _who(self, step: Step) -> dict[str, Any]:
        """Return client and audit context: what a page takes from the request."""
        person = PEOPLE[step.admin]
        context = AuditContext(
            organization_id=step.organization,
            issuer=settings.OIDC_ISSUER,
            subject=person.subject,
            name=person.name,
            email=person.email,
            ip=_ADDRESSES[step.admin],
            request_id=str(uuid.uuid4()),
        )
        directory = HttpDirectoryClient(
            settings.DIRECTORY_API_URL,
            self._tokens[step.admin],
            settings.DIRECTORY_TIMEOUT,
            request_id=context.request_id,
        )
        client = CachingClient(directory, context=context, session_key=f"history of {step.admin}")
        return {"client": client, "context": context}

    def _operation(self, step: Step) -> dict[str, Any]:
        subject = self._casts[step.organization].subject(step.person, step.code, step.status)
        return {
            "operation_id": str(uuid.uuid4()),
            "subject_id": subject,
            "code": step.code,
            "message": step.note,
        }

    def _assign(self, step: Step, who: dict[str, Any]) -> Change:
        return commands.assign(**who, **self._operation(step), confirm_unknown=True)

    def _change_status(self, step: Step, who: dict[str, Any]) -> Change:
        return commands.change_status(**who, **self._operation(step), status=step.to, expected_status=step.status)

    def _delete(self, step: Step, who: dict[str, Any]) -> Change:
        return commands.delete(**who, **self._operation(step), expected_status=step.status)

    def _undo(self, step: Step, who: dict[str, Any]) -> Change:
        change_id = str(self._former(step).change_id)
        return commands.undo(**who, operation_id=str(uuid.uuid4()), change_id=change_id, message=step.note)

    def _decide(self, step: Step, who: dict[str, Any]) -> Change:
        change_id = str(self._former(step).change_id)
        return reconciliation.record_decision(
            context=who["context"], change_id=change_id, outcome=step.to, message=step.note
        )

    def _bulk(self, step: Step, who: dict[str, Any]) -> None:
        """Import a list with two rows that need no change: a repeated person, and one whom nobody knows."""
        emails = self._casts[step.organization].emails(BULK_ROWS)
        if not emails:
            raise NobodyFits("without an account")
        rows = [*emails, emails[0], f"nobody@{step.organization}.example"]
        data = "email,code\n" + "".join(f"{email},{step.code}\n" for email in rows)
        imported = read_list(data.encode())
        plan = planner.make_plan(**who, action="assign", status="", message=step.note, imported=imported)
        progress = runner.confirm(context=who["context"], plan_id=plan.id, typed_count=str(len(emails)))
        while progress.plan.state == PlanState.RUNNING:
            progress = runner.run_chunk(**who, plan_id=plan.id)

    def _change_outside(self, step: Step) -> None:
        subject = self._former(step).subject_id
        control_directory("status", org=step.organization, subject_id=subject, code=step.code, status=step.to)

    def _former(self, step: Step) -> Change:
        if step.person not in self._changes:
            raise NobodyFits(step.person)
        return self._changes[step.person]
