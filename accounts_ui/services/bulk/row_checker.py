"""Check the rows of an imported list against one read of directory and log."""

from typing import Final

from accounts_ui.changes import queries
from accounts_ui.changes.models import Action
from accounts_ui.directory.person_rows import PersonRows
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.plans.models import CheckResult, Plan
from accounts_ui.plans.new_rows import NewRow
from accounts_ui.services.bulk.csv_import import ImportedRow
from accounts_ui.services.bulk.person_finder import FoundPerson, PersonFinder
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.operations.preconditions import (
    Caution,
    Decision,
    Obstacle,
    check_assignment,
    check_existing,
)
from accounts_ui.services.state.account_facts import AccountState
from accounts_ui.services.state.account_state import display_name, email_address, state_of
from accounts_ui.services.state.snapshot import Snapshot
from accounts_ui.services.validation import check_code, check_subject
from accounts_ui.text.folding import fold
from console.recorded_text import join_texts, recorded

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

_NO_CODE = recorded("plan_row.no_code", "This line names no account type.")
_DUPLICATE = recorded("plan_row.duplicate", "The same account as in line {line}.")
_NO_STATUS = recorded("account.no_status", "The status has to be one of: {all}.")
_NEAR_CODE = recorded("plan_row.near_code", "Did you mean the account type {code}?")

_Result = tuple[CheckResult, str]


class RowChecker:
    """Checks rows one by one. Everything that a check needs is read once, for all rows.

    Args:
        status: the status for all rows of a change of status; empty if each row names its own.

    """

    def __init__(self, plan: Plan, snapshot: Snapshot, status: str) -> None:
        self._plan, self._listing, self._status = plan, snapshot.listing, status
        self._types = {account_type.code for account_type in snapshot.types.rows}
        self._near_types = {fold(text): row.code for row in snapshot.types.rows for text in (row.name, row.code)}
        applied = queries.last_applied(plan.organization_id)
        self._applied = {(change.subject_id, change.code): change for change in applied}
        self._recorded_people = {change.subject_id for change in applied}
        self._open = queries.open_accounts(plan.organization_id)
        self._first_lines: dict[tuple[str, str], int] = {}  # the line on which an account was first named
        self._decisions: dict[tuple[AccountState, str, str], _Result] = {}
        self._finder = PersonFinder(snapshot.listing, self._recorded_people)

    def check(self, row: ImportedRow) -> NewRow:
        """Return the row of the plan for a row of the list."""
        person = self._finder.find(row.values, row.line)
        listed = self._listing.of_lines(person.lines)
        code, wanted = row.values.get("code", ""), self._wanted_status(row)
        state = self._state(listed, person.subject_id, code)
        problem = self._input_problem(row, person, code, wanted)
        result, detail = problem or self._decide(state, code, wanted)
        if not problem and person.detail:
            detail = join_texts(detail, person.detail)
        return NewRow(
            line=row.line,
            subject_id=person.subject_id.replace("\x00", "␀"),  # no text of a database can hold it
            subject_name=display_name(listed),
            subject_email=email_address(listed),
            code=code,
            wanted_status=wanted,
            expected_status=state.status or "",
            message=row.values.get("message", ""),
            check_result=result,
            detail=detail,
            cells=row.cells,
        )

    def _wanted_status(self, row: ImportedRow) -> str:
        if self._plan.action != Action.CHANGE_STATUS:
            return ""
        return self._status or row.values.get("status", "").lower()

    def _state(self, listed: PersonRows, subject_id: str, code: str) -> AccountState:
        account = (subject_id, code)
        return state_of(
            listed,
            code,
            applied=self._applied.get(account),
            person_recorded=subject_id in self._recorded_people,
            type_known=code in self._types,
            has_open_change=account in self._open,
        )

    def _input_problem(self, row: ImportedRow, person: FoundPerson, code: str, wanted: str) -> _Result | None:
        """Return what is wrong with the line itself, whatever the directory says about the account."""
        if row.problem:
            return CheckResult.UNREADABLE, row.problem
        if person.result:
            return person.result, person.detail
        invalid = _ids_problem(person.subject_id, code)
        if invalid:
            return CheckResult.UNREADABLE, invalid
        first_line = self._first_lines.setdefault((person.subject_id, code), row.line)
        if first_line != row.line:
            return CheckResult.DUPLICATE, _DUPLICATE.format(line=first_line)
        if self._plan.action == Action.CHANGE_STATUS and wanted not in STATUSES:
            return CheckResult.UNREADABLE, _NO_STATUS.format(all=", ".join(STATUSES))
        return None

    def _decide(self, state: AccountState, code: str, wanted: str) -> _Result:
        """Return the decision on an account. Most accounts of a list are in one of a few states."""
        key = (state, code, wanted)
        if key not in self._decisions:
            self._decisions[key] = self._decision(state, code, wanted)
        return self._decisions[key]

    def _decision(self, state: AccountState, code: str, wanted: str) -> _Result:
        decision = self._check_preconditions(state, code, wanted)
        if not decision.obstacle and not decision.cautions:
            return CheckResult.READY, ""
        near = "" if code in self._types else self._near_types.get(fold(code), "")
        detail = join_texts(decision.detail, _NEAR_CODE.format(code=near)) if near else decision.detail
        return RESULTS[decision.obstacle or decision.cautions[0]], detail

    def _check_preconditions(self, state: AccountState, code: str, wanted: str) -> Decision:
        if self._plan.action == Action.ASSIGN:
            return check_assignment(state, code)
        # Nobody has seen this account on a form yet: whatever its status is now is what the run will expect.
        return check_existing(state, code, wanted=wanted or "deleted", expected=(state.status or None,))


def _ids_problem(subject_id: str, code: str) -> str:
    if not code:
        return _NO_CODE
    try:
        check_subject(subject_id)
        check_code(code)
    except InvalidInput as error:
        return error.detail
    return ""
