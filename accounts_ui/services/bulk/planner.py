"""A plan: what each row of a list would do, told against one fresh read. Nothing is sent."""

import uuid
from collections.abc import Iterable

from django.utils.translation import gettext

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.ids import InvalidId, check_id
from accounts_ui.directory.statuses import ENDED_STATUSES, STATUSES
from accounts_ui.plans import queries as plan_queries
from accounts_ui.plans.models import CheckResult, Plan, PlanRow
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.csv_import import ImportedList, ImportedRow
from accounts_ui.services.errors import InvalidInput, PlanUnknown
from accounts_ui.services.state.account_state import name_of
from accounts_ui.services.state.snapshot import Snapshot, read_snapshot
from accounts_ui.services.validation import check_message, check_status
from console.recorded_text import recorded

_Said = tuple[CheckResult, str]

_AMBIGUOUS = recorded("Ambiguous person: {number} people have {text}. Use the subject id.")
_NOBODY = recorded("Nobody in the directory’s list has {text}.")
_SAME = recorded("The same account as in line {line}.")
_NOT_LISTED = recorded("The directory does not list this person.")
_OPEN = recorded("Another operation on this account has no outcome yet.")
_NO_TYPE = recorded("The directory does not name this account type.")
_HAS_IT = recorded("The person has it, with the status {status}.")
_BEFORE = recorded("This console assigned it before; a second account might come of it.")
_NO_ACCOUNT = recorded("The directory lists no such account of this person.")
_NO_STATUS = recorded("The status has to be one of: {all}.")
_IS_SO = recorded("The account is {status}.")
_NO_PLAN = recorded("This organization has no such plan.")


def make_plan(
    *, client: DirectoryClient, context: AuditContext, action: str, status: str, message: str, sheet: ImportedList
) -> Plan:
    """Judge each row and keep the plan. ``status`` goes before a column of that name.

    Raises:
        InvalidInput: the action, status or message can never be right.
        DirectoryError: list and types cannot be read.

    """
    if action not in Action.values:
        raise InvalidInput("action", gettext("Choose what to do with these accounts."))
    message = check_message(message)
    if status:
        check_status(status)
    plan = Plan(
        id=uuid.uuid4(),
        organization_id=context.organization_id,
        owner_issuer=context.issuer,
        owner_subject=context.subject,
        owner_name=context.name,
        action=action,
        message=message,
        note=sheet.note,
    )
    judge = _RowCheck(plan, read_snapshot(client=client, context=context), status)
    return plan_queries.create(plan, [judge.row(one) for one in sheet.rows])


def find_plan(*, context: AuditContext, plan_id: uuid.UUID) -> Plan:
    """The plan.

    Raises:
        PlanUnknown: the organization has none of this id.

    """
    plan = plan_queries.get(context.organization_id, plan_id)
    if plan is None:
        raise PlanUnknown(_NO_PLAN)
    return plan


class _RowCheck:
    """Everything that a verdict needs, read once for all rows."""

    def __init__(self, plan: Plan, fresh: Snapshot, status: str) -> None:
        self._plan, self._listing, self._status = plan, fresh.listing, status
        self._types = {row.code for row in fresh.types.rows}
        self._remembered = {(one.subject_id, one.code): one for one in queries.last_applied(plan.organization_id)}
        self._known = {subject for subject, _code in self._remembered}
        self._open = queries.open_accounts(plan.organization_id)
        self._seen: dict[tuple[str, str], int] = {}
        lines = fresh.listing.lines()
        self._ids = {
            "email": _by(lines.emails, lines.subject_ids),
            "username": _by(lines.usernames, lines.subject_ids),
        }

    def row(self, given: ImportedRow) -> PlanRow:
        """The row of the plan for a row of the list."""
        subject, why = self._subject(given)
        code = given.cells.get("code", "")
        wanted = self._status or given.cells.get("status", "") if self._plan.action == Action.CHANGE_STATUS else ""
        current = self._current(subject, code)
        verdict, detail = self._verdict(given, subject, code, wanted, current, why)
        return PlanRow(
            plan=self._plan,
            line=given.line,
            subject_id=subject,
            subject_name=name_of(self._listing, subject),
            code=code,
            wanted=wanted,
            expected=current or "",
            verdict=verdict,
            detail=detail,
        )

    def _subject(self, given: ImportedRow) -> tuple[str, str]:
        """The subject id, or why there is none."""
        if given.cells.get("subject_id"):
            return given.cells["subject_id"], ""
        for name in ("email", "username"):
            text = given.cells.get(name, "")
            if text:
                found = self._ids[name].get(text.casefold(), set())
                if len(found) == 1:
                    return next(iter(found)), ""
                return "", (_AMBIGUOUS if found else _NOBODY).format(number=len(found), text=text)
        return "", ""

    def _current(self, subject: str, code: str) -> str | None:
        account = self._listing.account(subject, code)
        remembered = self._remembered.get((subject, code))
        return account.status if account else remembered.after if remembered else None

    def _verdict(
        self, given: ImportedRow, subject: str, code: str, wanted: str, current: str | None, why: str
    ) -> _Said:
        if given.problem:
            return CheckResult.UNREADABLE, given.problem
        if why:
            return CheckResult.UNKNOWN_PERSON, why
        wrong = _wrong_id(subject, "subject_id") or _wrong_id(code, "code")
        if wrong:
            return CheckResult.UNREADABLE, wrong
        if (subject, code) in self._seen:
            return CheckResult.DUPLICATE, _SAME.format(line=self._seen[subject, code])
        self._seen[subject, code] = given.line
        if not self._listing.is_listed(subject) and (self._plan.action == Action.ASSIGN or subject not in self._known):
            return CheckResult.UNKNOWN_PERSON, _NOT_LISTED
        if (subject, code) in self._open:
            return CheckResult.NOT_ALLOWED, _OPEN
        if self._plan.action == Action.ASSIGN:
            return self._assigning(subject, code)
        return self._changing(subject, code, wanted, current)

    def _assigning(self, subject: str, code: str) -> _Said:
        if code not in self._types:
            return CheckResult.UNKNOWN_TYPE, _NO_TYPE
        account = self._listing.account(subject, code)
        if account and account.status != "deleted":
            return CheckResult.ALREADY, _HAS_IT.format(status=account.status)
        remembered = self._remembered.get((subject, code))
        held = remembered is not None and remembered.after not in ENDED_STATUSES
        if held and not self._listing.tells_codes_of(subject):
            return CheckResult.NOT_ALLOWED, _BEFORE
        return CheckResult.WILL, ""

    def _changing(self, subject: str, code: str, wanted: str, current: str | None) -> _Said:
        listed = self._listing.account(subject, code) is not None
        if not listed and self._listing.tells_codes_of(subject):
            return CheckResult.NOT_ALLOWED, _NO_ACCOUNT
        if not listed and code not in self._types:
            return CheckResult.UNKNOWN_TYPE, _NO_TYPE
        if self._plan.action == Action.CHANGE_STATUS and wanted not in STATUSES:
            return CheckResult.UNREADABLE, _NO_STATUS.format(all=", ".join(STATUSES))
        if current == (wanted or "deleted"):
            return CheckResult.ALREADY, _IS_SO.format(status=current)
        return CheckResult.WILL, ""


def _by(names: Iterable[str], subjects: Iterable[str]) -> dict[str, set[str]]:
    """The subject ids by what they go by."""
    found: dict[str, set[str]] = {}
    for name, subject in zip(names, subjects, strict=True):
        if name and subject:
            found.setdefault(name.casefold(), set()).add(subject)
    return found


def _wrong_id(text: str, name: str) -> str:
    try:
        check_id(text, name)
    except InvalidId as error:
        return str(error)
    return ""
