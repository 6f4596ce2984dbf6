"""Verification runs that a page starts. Each request verifies a part of a log, so that none takes long."""

import time
from dataclasses import dataclass
from typing import Any, Final

from accounts_ui.changes.chain.keys import public_key
from accounts_ui.changes.event_storage import StoredArchive, list_archives
from accounts_ui.changes.models import Verification
from accounts_ui.changes.queries import end_of_log
from accounts_ui.changes.tree.compact_range import load_range
from accounts_ui.changes.verification.breaks import BrokenLog
from accounts_ui.changes.verification.verify_log import Position, verify_counts, verify_log, verify_triggers
from console import clock

RUN_SECONDS: Final = 2.0
"""How long one request continues a run. The current part is always finished."""

_PART: Final = 1000  # events

State = Verification.State


@dataclass(frozen=True, slots=True)
class VerificationStatus:
    """The state of verification. ``last``: the newest finished run; ``whole``: the newest finished run over everything.

    ``running``: an unfinished run that began after ``last``. ``archives``: what was archived, and where it is.
    """

    last: Verification | None
    whole: Verification | None
    running: Verification | None
    end: int
    archives: list[StoredArchive]

    @property
    def newer(self) -> int:
        """Return the number of events appended after the last run."""
        return max(0, self.end - self.last.sequence) if self.last else self.end

    @property
    def percent(self) -> int:
        """Return the progress of the unfinished run in percent."""
        return 100 * self.running.sequence // max(1, self.running.end) if self.running else 0


def verification_status(organization_id: str) -> VerificationStatus:
    """Return the state of verification of the organization's log."""
    runs = Verification.objects.filter(organization_id=organization_id)
    ended = runs.exclude(state=State.RUNNING)
    last = ended.first()
    running = runs.filter(state=State.RUNNING)
    return VerificationStatus(
        last=last,
        whole=ended.filter(state=State.VERIFIED, since=0).first(),
        running=(running.filter(at__gt=last.at) if last else running).first(),
        end=end_of_log(organization_id),
        archives=list_archives(organization_id),
    )


def start_run(organization_id: str, *, by: dict[str, Any], whole: bool) -> Verification:
    """Start a run over the whole log, or over the events since the last run if that run found no break."""
    last = Verification.objects.filter(organization_id=organization_id).exclude(state=State.RUNNING).first()
    incremental = last is not None and last.state == State.VERIFIED and not whole
    verified = _position(last) if last and incremental else Position()
    now = clock.now()
    return Verification.objects.create(
        **by,
        organization_id=organization_id,
        started_at=now,
        at=now,
        state=State.RUNNING,
        since=verified.sequence,
        sequence=verified.sequence,
        hash=verified.hash,
        tree=verified.tree.dump(),
        end=end_of_log(organization_id),
    )


def find_run(organization_id: str, number: int) -> Verification | None:
    """Return the run with this id; ``None`` if the organization has none."""
    return Verification.objects.filter(organization_id=organization_id, pk=number).first()


def continue_run(run: Verification) -> Verification:
    """Verify the next parts for ``RUN_SECONDS``. A finished run is returned unchanged."""
    until = time.monotonic() + RUN_SECONDS
    while run.state == State.RUNNING:
        try:
            done = verify_log(run.organization_id, public_key(), start=_position(run), most=_PART)
            if done.is_complete:
                verify_triggers()
                verify_counts(run.organization_id)
        except BrokenLog as broken:
            run.state, run.what = State.BROKEN, str(broken)
            run.broken_at = broken.sequence
        else:
            run.end, run.sequence, run.hash = done.end, done.position.sequence, done.position.hash
            run.tree = done.position.tree.dump()
            run.notes = list(dict.fromkeys([*run.notes, *done.notes]))
            run.state = State.VERIFIED if run.sequence >= run.end else State.RUNNING
        run.at = clock.now()
        run.save()
        if time.monotonic() >= until:
            break
    return run


def _position(run: Verification) -> Position:
    """Return how far the run had come."""
    return Position(run.sequence, run.hash, load_range(run.tree))
