"""Check the rows of an imported list against one read of directory and log."""

from collections.abc import Iterable
from typing import Final

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.plans.models import CheckResult, Plan, PlanRow
from accounts_ui.services.bulk.csv_import import ImportedRow
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.operations.preconditions import (
    Caution,
    Decision,
    Obstacle,
    check_assignment,
    check_existing,
)
from accounts_ui.services.state.account_facts import AccountState
from accounts_ui.services.state.account_state import display_name, state_of
from accounts_ui.services.state.snapshot import Snapshot
from accounts_ui.services.validation import check_code, check_subject
from console.recorded_text import recorded

# How a row of a plan records what a form would raise. Nobody can be asked about a caution, so such a row is not sent.
RESULTS: Final[dict[Obstacle | Caution, CheckResult]] = {
    Obstacle.OPEN_CHANGE: CheckResult.NOT_ALLOWED,
    Obstacle.ALREADY_ASSIGNED: CheckResult.ALREADY,
    Obstacle.NO_SUCH_ACCOUNT: CheckResult.NOT_ALLOWED,
    Obstacle.NO_SUCH_PERSON: CheckResult.UNKNOWN_PERSON,
    Obstacle.STATE_CHANGED: CheckResult.NOT_ALLOWED,
    Obstacle.NOT_UNDOABLE: CheckResult.NOT_ALLOWED,
    Caution.PERSON_NOT_LISTED: CheckResult.UNKNOWN_PERSON,
    Caution.TYPE_NOT_LISTED: CheckResult.UNKNOWN_TYPE,
    Caution.ASSIGNED_BEFORE: CheckResult.NOT_ALLOWED,
    Caution.UNCHANGED: CheckResult.ALREADY,
}

_AMBIGUOUS = recorded("plan_row.person_ambiguous", "Ambiguous person: {number} people have {text}. Use the subject id.")
_NOBODY = recorded("plan_row.person_unknown", "Nobody in the directory’s list has {text}.")
_NO_PERSON = recorded("plan_row.no_person", "This line names no person.")
_NO_CODE = recorded("plan_row.no_code", "This line names no account type.")
_DUPLICATE = recorded("plan_row.duplicate", "The same account as in line {line}.")
_NO_STATUS = recorded("account.no_status", "The status has to be one of: {all}.")

_Result = tuple[CheckResult, str]


class RowChecker:
    """Checks rows one by one. Everything that a check needs is read once, for all rows.

    Args:
        status: the status for all rows of a change of status; empty if each row names its own.

    """

    def __init__(self, plan: Plan, snapshot: Snapshot, status: str) -> None:
        self._plan, self._listing, self._status = plan, snapshot.listing, status
        self._types = {account_type.code for account_type in snapshot.types.rows}
        applied = queries.last_applied(plan.organization_id)
        self._applied = {(change.subject_id, change.code): change for change in applied}
        self._recorded_people = {change.subject_id for change in applied}
        self._open = queries.open_accounts(plan.organization_id)
        self._lines: dict[tuple[str, str], int] = {}  # the line on which an account was first named
        columns = snapshot.listing.lines()
        self._subjects = {
            "email": _index(columns.emails, columns.subject_ids),
            "username": _index(columns.usernames, columns.subject_ids),
        }

    def check(self, row: ImportedRow) -> PlanRow:
        """Return the row of the plan for a row of the list."""
        subject_id, not_found = self._find_subject(row)
        code = row.cells.get("code", "")
        wanted = self._status or row.cells.get("status", "") if self._plan.action == Action.CHANGE_STATUS else ""
        state = self._state(subject_id, code)
        result, detail = self._input_problem(row, subject_id, code, wanted, not_found) or self._decide(
            state, code, wanted
        )
        return PlanRow(
            plan_id=self._plan.id,
            line=row.line,
            subject_id=subject_id,
            subject_name=display_name(self._listing, subject_id),
            code=code,
            wanted_status=wanted,
            expected_status=state.status or "",
            check_result=result,
            detail=detail,
        )

    def _find_subject(self, row: ImportedRow) -> tuple[str, str]:
        """Return the subject id, or an empty one and why it was not found."""
        if row.cells.get("subject_id"):
            return row.cells["subject_id"], ""
        for column in ("email", "username"):
            text = row.cells.get(column, "")
            if text:
                matches = self._subjects[column].get(text.casefold(), set())
                if len(matches) == 1:
                    return next(iter(matches)), ""
                return "", (_AMBIGUOUS if matches else _NOBODY).format(number=len(matches), text=text)
        return "", ""

    def _state(self, subject_id: str, code: str) -> AccountState:
        account = (subject_id, code)
        return state_of(
            self._listing,
            subject_id,
            code,
            applied=self._applied.get(account),
            person_recorded=subject_id in self._recorded_people,
            type_known=code in self._types,
            has_open_change=account in self._open,
        )

    def _input_problem(
        self, row: ImportedRow, subject_id: str, code: str, wanted: str, not_found: str
    ) -> _Result | None:
        """Return what is wrong with the line itself, whatever the directory says."""
        if row.problem:
            return CheckResult.UNREADABLE, row.problem
        if not_found:
            return CheckResult.UNKNOWN_PERSON, not_found
        invalid = _ids_problem(subject_id, code)
        if invalid:
            return CheckResult.UNREADABLE, invalid
        first_line = self._lines.setdefault((subject_id, code), row.line)
        if first_line != row.line:
            return CheckResult.DUPLICATE, _DUPLICATE.format(line=first_line)
        if self._plan.action == Action.CHANGE_STATUS and wanted not in STATUSES:
            return CheckResult.UNREADABLE, _NO_STATUS.format(all=", ".join(STATUSES))
        return None

    def _decide(self, state: AccountState, code: str, wanted: str) -> _Result:
        decision = self._check_preconditions(state, code, wanted)
        if decision.obstacle:
            return RESULTS[decision.obstacle], decision.detail
        if decision.cautions:
            return RESULTS[decision.cautions[0]], decision.detail
        return CheckResult.READY, ""

    def _check_preconditions(self, state: AccountState, code: str, wanted: str) -> Decision:
        if self._plan.action == Action.ASSIGN:
            return check_assignment(state, code)
        # Nobody has seen this account on a form yet: whatever its status is now is what the run will expect.
        return check_existing(state, code, wanted=wanted or "deleted", expected=(state.status or None,))


def _index(texts: Iterable[str], subject_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return the subject ids by their e-mail addresses or user names, without case."""
    index: dict[str, set[str]] = {}
    for text, subject_id in zip(texts, subject_ids, strict=True):
        if text and subject_id:
            index.setdefault(text.casefold(), set()).add(subject_id)
    return index


def _ids_problem(subject_id: str, code: str) -> str:
    if not subject_id:
        return _NO_PERSON
    if not code:
        return _NO_CODE
    try:
        check_subject(subject_id)
        check_code(code)
    except InvalidInput as error:
        return error.detail
    return ""
