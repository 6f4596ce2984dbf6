"""A sign-in in a window of its own, handed to the frame that needs it, by a one-time code.

Providers refuse to be framed, and a frame's cookies lie in another jar than those of a window. So the frame keeps a
verifier in its own session, the window carries the verifier's challenge (as in PKCE, RFC 7636) through the sign-in, and
the finished sign-in waits under that challenge. Only the session with the verifier can fetch it, once, within two
minutes, with the code that the window got. The window posts the code to the frame that opened it, or shows it. The
tokens of what nobody fetches are revoked.

A link with a challenge may also come from a stranger, who waits in a frame of their own for whoever follows it. They
never see the code. A window that the frame itself opened needs none where the two lost each other on the way (the
provider's Cross-Origin-Opener-Policy): before it left, the frame gave it the proof, which no address can carry.
"""

import base64
import datetime
import hashlib
import json
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from cryptography.fernet import InvalidToken
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from console.request import ConsoleRequest
from console.signin.errors import HandoverWrong
from console.signin.models import Handover
from console.signin.oidc.authorization import PENDING_SECONDS
from console.signin.tokens import Secret, expiry, fernet, revoke

logger = logging.getLogger(__name__)

SECONDS: Final = 120  # for which a finished sign-in waits
MOST_ATTEMPTS: Final = 5  # wrong codes
MOST_CLEARED: Final = 5  # of others, by one who signs in: each is a call to the provider
MOST_WAITING: Final = 5  # frames of one session that may be waiting
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no letter looks like another one
_LENGTH: Final = 10  # of a code: 50 bits, which five attempts in two minutes do not guess
_WAITING: Final = "waiting_frames"


@dataclass(frozen=True, slots=True)
class Received:
    """What a frame fetched."""

    person: dict[str, Any]
    answer: dict[str, Any]
    ends: datetime.datetime | None
    next_path: str


def begin(request: ConsoleRequest, next_path: str) -> str:
    """Let this session wait for a sign-in; the challenge that the window is to carry."""
    waiting = _waiting(request)
    while len(waiting) >= MOST_WAITING:
        del waiting[min(waiting, key=lambda one: waiting[one]["at"])]
    verifier = secrets.token_urlsafe(32)
    request.session[_WAITING] = {**waiting, verifier: {"next": next_path, "at": time.time()}}
    return _challenge(verifier)


def proof_of(challenge: str) -> str:
    """What a frame shows to a window that it opened: only the pages of sessions that wait for it hold it."""
    return salted_hmac("console.signin.frames.handover", challenge, algorithm="sha256").hexdigest()


def is_proven(challenge: str, proof: str) -> bool:
    """Whether ``proof`` is the one of ``challenge``."""
    return constant_time_compare(proof, proof_of(challenge))


def is_challenge(text: str) -> bool:
    """Whether ``text`` can be a challenge at all."""
    return len(text) == 43 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def offer(challenge: str, *, proven: bool, person: dict[str, Any], answer: dict[str, Any]) -> str:
    """Let a finished sign-in wait for its frame. The code for it."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    ends = expiry(answer)
    document = {"person": person, "answer": answer, "ends": ends.isoformat() if ends else None}
    now = timezone.now()
    clear(limit=MOST_CLEARED)
    discard(Handover.objects.filter(challenge=challenge))  # an earlier window for the same frame
    Handover.objects.update_or_create(
        challenge=challenge,
        defaults={
            "code_hash": _hash(code),
            "secret": fernet().encrypt(json.dumps(document).encode()).decode(),
            "is_proven": proven,
            "attempts": 0,
            "expires_at": now + datetime.timedelta(seconds=SECONDS),
        },
    )
    return code


def state_of(request: ConsoleRequest) -> str:
    """What a waiting frame is told.

    ``signed_in``, ``ready`` (fetch it), ``code`` (fetch it with the code), ``waiting``, or ``lost``: this session waits
    for nothing, as where the browser keeps no cookie of the frame.
    """
    if request.actor is not None:
        return "signed_in"
    challenges = [_challenge(one) for one in _waiting(request)]
    found = Handover.objects.filter(challenge__in=challenges, expires_at__gt=timezone.now())
    proven = list(found.values_list("is_proven", flat=True))
    if proven:
        return "ready" if any(proven) else "code"
    return "waiting" if challenges else "lost"


def receive(request: ConsoleRequest, code: str) -> Received:
    """Fetch the sign-in that this session waits for, once.

    Raises:
        HandoverWrong: there is none, or the code is another one.

    """
    waiting = _waiting(request)
    mine = {_challenge(verifier): verifier for verifier in waiting}
    found = list(Handover.objects.filter(challenge__in=mine, expires_at__gt=timezone.now()))
    for row in found:
        if _opens(row, code) and Handover.objects.filter(pk=row.pk).delete()[0]:
            request.session[_WAITING] = {}
            return _received(row, waiting[mine[row.challenge]]["next"])
    tried = Handover.objects.filter(pk__in=[row.pk for row in found])
    tried.update(attempts=F("attempts") + 1)
    discard(tried.filter(attempts__gte=MOST_ATTEMPTS))
    raise HandoverWrong


def clear(*, limit: int | None = None) -> None:
    """Clear away what nobody fetched in time, up to so many."""
    discard(Handover.objects.filter(expires_at__lte=timezone.now())[:limit])


def discard(rows: QuerySet[Handover]) -> None:
    """Clear these away, and have the provider forget their tokens; whoever deletes a row revokes what was in it."""
    for row in rows:
        if Handover.objects.filter(pk=row.pk).delete()[0]:
            _revoke(row)


def _revoke(row: Handover) -> None:
    try:
        answer = _opened(row)["answer"]
    except HandoverWrong:  # none of the keys fits any more: nobody can use the tokens either
        return
    names = ("access_token", "refresh_token")
    if not revoke(Secret(**{name: answer.get(name) or "" for name in names}, id_token="", claims={})):
        logger.warning("The provider did not answer when tokens that no frame fetched were to be revoked.")


def _opens(row: Handover, code: str) -> bool:
    if not code:
        return row.is_proven
    typed = "".join(one for one in code.upper() if one.isalnum()).translate(str.maketrans("OIL", "011"))
    return constant_time_compare(_hash(typed), row.code_hash)


def _opened(row: Handover) -> dict[str, Any]:
    """Who signed in, and their tokens. Raises ``HandoverWrong`` where none of the keys fits."""
    try:
        document: dict[str, Any] = json.loads(fernet().decrypt(row.secret.encode()))
    except InvalidToken:
        raise HandoverWrong from None
    return document


def _received(row: Handover, next_path: str) -> Received:
    document = _opened(row)
    ends = document["ends"]
    return Received(
        document["person"], document["answer"], datetime.datetime.fromisoformat(ends) if ends else None, next_path
    )


def _waiting(request: ConsoleRequest) -> dict[str, Any]:
    """The verifiers that this session holds, with where each frame wants to go."""
    waiting: dict[str, Any] = request.session.get(_WAITING) or {}
    return {verifier: one for verifier, one in waiting.items() if time.time() - one["at"] < PENDING_SECONDS}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
