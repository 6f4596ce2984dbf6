"""Looks at the chain that pages ask for: a part at a time, so that no request takes long, and kept with who looked."""

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
"""How long one request goes on; the part at hand is finished."""

_PART: Final = 1000  # events

State = Verification.State


@dataclass(frozen=True, slots=True)
class VerificationStatus:
    """What is known of the chain. ``last``: the newest look that came to an end; ``whole``: the newest whole one.

    ``running``: a look that began after ``last`` and still has to go on. ``archives``: what was moved, and where it is.
    """

    last: Verification | None
    whole: Verification | None
    running: Verification | None
    end: int
    archives: list[StoredArchive]

    @property
    def newer(self) -> int:
        """How many events came after the last look."""
        return max(0, self.end - self.last.sequence) if self.last else self.end

    @property
    def percent(self) -> int:
        """How far the running look is."""
        return 100 * self.running.sequence // max(1, self.running.end) if self.running else 0


def verification_status() -> VerificationStatus:
    """The state of the chain, as far as somebody looked."""
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
    """A look at the whole chain, or at what came since the last one. After a break only a whole one is a look."""
    last = Verification.objects.exclude(state=State.RUNNING).first()
    goes_on = last is not None and last.state == State.VERIFIED and not whole
    known = VerifiedPart(last.sequence, last.sequence, last.hash) if last and goes_on else NOTHING_VERIFIED
    now = clock.now()
    return Verification.objects.create(
        **by,
        started_at=now,
        at=now,
        state=State.RUNNING,
        since=known.sequence,
        sequence=known.sequence,
        hash=known.hash,
        end=end_of_chain(),
    )


def find_run(number: int) -> Verification | None:
    """The look of this number."""
    return Verification.objects.filter(pk=number).first()


def continue_run(look: Verification) -> Verification:
    """Verify on for a while. A look that came to its end stays as it is."""
    until = time.monotonic() + RUN_SECONDS
    keys = public_keys()
    while look.state == State.RUNNING:
        try:
            done, look.end = verify_part(keys, VerifiedPart(look.sequence, look.sequence, look.hash), most=_PART)
        except BrokenLog as broken:
            look.state, look.what = State.BROKEN, str(broken)
            look.broken_at = broken.sequence if isinstance(broken.sequence, int) else None
        else:
            look.sequence, look.hash = done.sequence, done.hash
            look.state = State.VERIFIED if look.sequence >= look.end else State.RUNNING
        look.at = clock.now()
        look.save()
        if time.monotonic() >= until:
            break
    return look
