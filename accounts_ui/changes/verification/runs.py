"""Verification runs that a page starts. Each request verifies a part of the chain, so that none takes long."""

import time
from dataclasses import dataclass
from typing import Any, Final

from accounts_ui.changes.chain.keys import public_keys
from accounts_ui.changes.event_storage import StoredArchive, list_archives
from accounts_ui.changes.models import Verification
from accounts_ui.changes.queries import end_of_chain
from accounts_ui.changes.verification.verify_log import NOTHING_VERIFIED, BrokenLog, VerifiedPart, verify_part
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


def verification_status() -> VerificationStatus:
    """Return the state of verification."""
    ended = Verification.objects.exclude(state=State.RUNNING)
    last = ended.first()
    running = Verification.objects.filter(state=State.RUNNING)
    return VerificationStatus(
        last=last,
        whole=ended.filter(state=State.VERIFIED, since=0).first(),
        running=(running.filter(at__gt=last.at) if last else running).first(),
        end=end_of_chain(),
        archives=list_archives(),
    )


def start_run(*, by: dict[str, Any], whole: bool) -> Verification:
    """Start a run over the whole chain, or over the events since the last run if that run found no break."""
    last = Verification.objects.exclude(state=State.RUNNING).first()
    incremental = last is not None and last.state == State.VERIFIED and not whole
    verified = VerifiedPart(last.sequence, last.sequence, last.hash) if last and incremental else NOTHING_VERIFIED
    now = clock.now()
    return Verification.objects.create(
        **by,
        started_at=now,
        at=now,
        state=State.RUNNING,
        since=verified.sequence,
        sequence=verified.sequence,
        hash=verified.hash,
        end=end_of_chain(),
    )


def find_run(number: int) -> Verification | None:
    """Return the run with this id."""
    return Verification.objects.filter(pk=number).first()


def continue_run(run: Verification) -> Verification:
    """Verify the next parts for ``RUN_SECONDS``. A finished run is returned unchanged."""
    until = time.monotonic() + RUN_SECONDS
    keys = public_keys()
    while run.state == State.RUNNING:
        try:
            done, run.end = verify_part(keys, VerifiedPart(run.sequence, run.sequence, run.hash), most=_PART)
        except BrokenLog as broken:
            run.state, run.what = State.BROKEN, str(broken)
            run.broken_at = broken.sequence if isinstance(broken.sequence, int) else None
        else:
            run.sequence, run.hash = done.sequence, done.hash
            run.state = State.VERIFIED if run.sequence >= run.end else State.RUNNING
        run.at = clock.now()
        run.save()
        if time.monotonic() >= until:
            break
    return run
