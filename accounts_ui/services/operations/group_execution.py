"""Execute several operations, one after the other, with two commits in all: for the requests, and for the outcomes."""

import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final

from django.db import Error

from accounts_ui.changes import queries, writer
from accounts_ui.changes.models import Change, Outcome, resolution_wait
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import LogUnavailable, ServiceError
from accounts_ui.services.operations.executor import (
    Answer,
    OperationClient,
    before_sending,
    check_operation,
    conflict_of,
    execute,
    send_operation,
)
from accounts_ui.services.operations.operation import Operation
from accounts_ui.services.state.account_state import describe_accounts
from accounts_ui.services.state.snapshot import Snapshot
from console import clock
from console.recorded_text import recorded

__all__ = ["Group", "Result"]

Result = Change | ServiceError

_NOT_SENT: Final = recorded(
    "operation.not_sent_in_group", "It was not sent, because an operation before it failed or took too long."
)


class Group:
    """Operations that share their commits. ``results`` has what became of each, by its id.

    Each is sent at most once, after its request was committed. Others take a request for lost, and read the directory
    for it, once ``resolution_wait`` has passed. An operation that would be sent later than half of that is not sent any
    more, and its outcome says so, so that nobody resolves it meanwhile. The same goes for those that are left when
    the caller stops reading answers.
    """

    def __init__(self, operations: Sequence[Operation], *, client: OperationClient, context: AuditContext) -> None:
        self._operations, self._client, self._context = operations, client, context
        self.results: dict[uuid.UUID, Result] = {}
        self.ended: BaseException | None = None
        """Why nothing more can be sent: the sign-in has ended."""

    @contextmanager
    def answers(self, snapshot: Snapshot) -> Iterator[Iterator[Answer]]:
        """Give the answers, one after the other. When the block ends, what was answered until then is recorded.

        Raises:
            LogUnavailable: nothing could be recorded, so nothing was sent.
            OutcomeNotRecorded: the outcomes could not be recorded.

        """
        requested = self._request(snapshot)
        answered: dict[uuid.UUID, Answer] = {}
        try:
            with closing(self._send(requested, answered)) as answers:
                yield answers
        finally:
            unsent = {name: _unsent(change) for name, change in requested.items() if name not in answered}
            self._conclude({**answered, **unsent})

    def _send(
        self, requested: dict[uuid.UUID, Change], answered: dict[uuid.UUID, Answer]
    ) -> Generator[Answer, None, None]:
        operations = {operation.id: operation for operation in self._operations}
        for name, change in requested.items():
            if clock.now() - change.requested_at > resolution_wait() / 2:
                return
            answered[name] = answer = send_operation(operations[name], change, self._client)
            if answer.ended:
                self.ended = answer.ended
                return
            yield answer

    def _request(self, snapshot: Snapshot) -> dict[uuid.UUID, Change]:
        """Check and record what can be sent. Return the changes that were opened."""
        with before_sending():
            recorded_before = queries.recorded_operations([operation.id for operation in self._operations])
            accounts = {(operation.subject_id, operation.code) for operation in self._operations}
            facts = describe_accounts(snapshot=snapshot, context=self._context, accounts=accounts)
        openings: list[writer.Opening] = []
        for operation in self._operations:
            if operation.id in recorded_before:  # a group that was interrupted has left it
                self._execute(operation)
                continue
            try:
                account = facts[operation.subject_id, operation.code]
                openings.append(check_operation(operation, account, self._context, snapshot.sequence))
            except ServiceError as error:
                self.results[operation.id] = error
        with before_sending():
            opened = writer.request_many(openings) if openings else []
        requested: dict[uuid.UUID, Change] = {}
        for opening, change in zip(openings, opened, strict=True):
            if isinstance(change, Change):
                requested[opening.change_id] = change
            else:
                self._refuse(opening.change_id, change)
        return requested

    def _refuse(self, operation_id: uuid.UUID, error: Exception) -> None:
        if isinstance(error, writer.IdTaken):  # another request has just begun it
            self._execute(next(operation for operation in self._operations if operation.id == operation_id))
        elif isinstance(error, writer.AccountBusy | writer.AccountMoved):
            self.results[operation_id] = conflict_of(error)
        else:
            raise error

    def _execute(self, operation: Operation) -> None:
        """Return the change that has the operation's id already."""
        try:
            self.results[operation.id] = execute(operation, client=self._client, context=self._context)
        except LogUnavailable:
            raise
        except ServiceError as error:
            self.results[operation.id] = error

    def _conclude(self, answers: dict[uuid.UUID, Answer]) -> None:
        if not answers:
            return
        try:
            changes = writer.conclude_many([answer.conclusion for answer in answers.values()])
        except Error as error:
            raise next(iter(answers.values())).not_recorded() from error
        for (name, answer), change in zip(answers.items(), changes, strict=True):
            if not isinstance(change, Change):
                raise answer.not_recorded() from change
            answer.follow_up(change, self._client)
            self.results[name] = change


def _unsent(change: Change) -> Answer:
    return Answer(writer.Conclusion(change, Outcome.NOT_APPLIED.value, None, _NOT_SENT, change.after))
