"""Group commit: what several threads append to an organization's log at the same time is committed together.

Each process has a queue for each organization. The first caller that finds no leader leads: on its own connection it
opens a transaction, locks the log's head, and only then takes whatever waits, so that the longer it waited for the
lock, the more it commits at once. Afterwards it wakes those whose events it has committed, and hands the lead to the
next that waits. There is no thread of its own for this: nothing to start after a fork, no further connection, and a
single writer waits for nobody else.

A caller returns only after the commit that holds its event. Whatever hangs in one organization's log, for example a
lock that somebody else holds on its head, keeps only callers of that organization, each for ``DATABASE_TIMEOUT`` at
most; on PostgreSQL no organization waits for another. A batch that fails is done again, each append alone and by its
own caller, so that one that the database refuses harms nobody else. If a leader fails, whatever the reason, those it
took go on by themselves, and the next one leads.
"""

import enum
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.db import DataError, OperationalError, connection

from accounts_ui.changes.appends import Append
from accounts_ui.changes.batch import LockedLog, Written

MOST: Final = 64
"""Events of one commit, except that what one caller appends together is never divided."""

_LEADER_LATE: Final = 3
"""Waits of ``DATABASE_TIMEOUT`` after which a caller no longer believes that the leader which took it comes back."""


class LogBusy(OperationalError):
    """The log could not be locked in time. Nothing was appended."""


class LeaderLost(OperationalError):
    """The commit that may hold the event was not confirmed. Whether it was appended, only the log can tell."""


class _State(enum.Enum):
    WAITING = enum.auto()  # in the queue
    LEADING = enum.auto()  # its caller has to lead
    TAKEN = enum.auto()  # a leader commits it
    DONE = enum.auto()  # it is committed
    ALONE = enum.auto()  # its caller has to commit it by itself
    WITHDRAWN = enum.auto()  # its caller has given up


class _Waiting:
    """What one caller appends, and how far that is."""

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.written: list[Written] = []
        self.state = _State.WAITING
        self.changed = threading.Event()
        self.give_up_at = time.monotonic() + settings.DATABASE_TIMEOUT

    def become(self, state: _State) -> None:
        self.state = state
        self.changed.set()


class LogQueue:
    """The appends of this process that wait for one organization's log."""

    def __init__(self, organization_id: str) -> None:
        self.organization_id = organization_id
        self._mutex = threading.Lock()  # held for moments only: never while anything is awaited
        self._waiting: deque[_Waiting] = deque()
        self._is_led = False

    def append(self, appends: Sequence[Append]) -> list[Written]:
        """Append these together, in one commit, and return what became of each.

        Raises:
            django.db.Error: nothing was appended, except for ``LeaderLost``.

        """
        mine = _Waiting(appends)
        self._join(mine)
        if mine.state is not _State.LEADING:
            self._await(mine)
        if mine.state is _State.LEADING:
            self._lead(mine)
        if mine.state is _State.ALONE:
            mine.written = self._commit_alone(mine)
        return mine.written

    def _join(self, mine: _Waiting) -> None:
        with self._mutex:
            if self._is_led:
                self._waiting.append(mine)
            else:
                self._is_led = True
                mine.state = _State.LEADING

    def _await(self, mine: _Waiting) -> None:
        """Wait until it is committed, or until its caller has to do something."""
        if not mine.changed.wait(mine.give_up_at - time.monotonic()) and self._withdraw(mine):
            raise LogBusy(f"The log of {self.organization_id} was not free within {settings.DATABASE_TIMEOUT} seconds.")
        if mine.state is _State.TAKEN and not mine.changed.wait(_LEADER_LATE * settings.DATABASE_TIMEOUT):
            raise LeaderLost(f"A commit to the log of {self.organization_id} was not confirmed.")

    def _withdraw(self, mine: _Waiting) -> bool:
        """Leave the queue, if no leader has taken it meanwhile."""
        with self._mutex:
            if mine.state is not _State.WAITING:
                return False
            self._waiting.remove(mine)
            mine.state = _State.WITHDRAWN
            return True

    def _lead(self, mine: _Waiting) -> None:
        """Commit what waits, its own first."""
        taken: list[_Waiting] = []
        try:
            with LockedLog(self.organization_id, seconds=mine.give_up_at - time.monotonic()) as log:
                taken = self._take(mine)
                written = log.write([append for one in taken for append in one.appends])
        except BaseException as error:
            others = [one for one in taken if one is not mine]
            for one in others:
                one.become(_State.ALONE)
            is_refused = isinstance(error, DataError) and len(mine.appends) > 1
            if not (is_refused or (others and isinstance(error, Exception))):
                raise
            mine.state = _State.ALONE
        else:
            results = iter(written)
            for one in taken:
                one.written = [next(results) for _ in one.appends]
                one.become(_State.DONE)
        finally:
            self._pass_on()

    def _take(self, mine: _Waiting) -> list[_Waiting]:
        taken, number = [mine], len(mine.appends)
        with self._mutex:
            while self._waiting and number + len(self._waiting[0].appends) <= MOST:
                one = self._waiting.popleft()
                one.state = _State.TAKEN
                number += len(one.appends)
                taken.append(one)
        return taken

    def _pass_on(self) -> None:
        """Let the next one lead, if there is one."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().become(_State.LEADING)
            else:
                self._is_led = False

    def _commit_alone(self, mine: _Waiting) -> list[Written]:
        """Commit each append of one caller by itself: one of them may be what the database refused."""
        if len(mine.appends) == 1:
            return self._commit(mine.appends)
        written: list[Written] = []
        for append in mine.appends:
            try:
                written += self._commit([append])
            except DataError as error:
                written.append(Written(error=error))
        return written

    def _commit(self, appends: Sequence[Append]) -> list[Written]:
        with LockedLog(self.organization_id, seconds=settings.DATABASE_TIMEOUT) as log:
            return log.write(appends)


_queues: Final[dict[str, LogQueue]] = {}
os.register_at_fork(after_in_child=_queues.clear)  # whoever waits in them waits in the parent


def commit(appends: Sequence[Append]) -> list[Written]:
    """Append these, which are all of one organization, in one commit. Return what became of each.

    Raises:
        django.db.Error: nothing was appended, except for ``LeaderLost``.

    """
    if connection.in_atomic_block:
        raise RuntimeError("Events are committed by themselves, not as a part of another transaction.")
    organization_id = appends[0].organization_id
    queue = _queues.get(organization_id) or _queues.setdefault(organization_id, LogQueue(organization_id))
    return queue.append(appends)
