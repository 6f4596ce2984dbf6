"""A sign-in that takes place in a window of its own and is handed over to a frame, by a one-time code.

Providers refuse to be framed, and a frame's cookies are kept apart from those of a window. So the frame keeps a
verifier in its own session, the window carries the verifier's challenge (as in PKCE, RFC 7636) through the sign-in, and
the completed sign-in waits under that challenge. Only the session with the verifier can collect it, once, within two
minutes, with the code that the window got. The window posts the code to the frame that opened it, or shows it. Tokens
that nobody collects are revoked.

A link with a challenge can also come from an attacker, who waits in a frame of their own for somebody to follow it.
The attacker never sees the code. No code is needed for a window that the frame itself opened, if the two lost each
other on the way (because of the provider's Cross-Origin-Opener-Policy): before the window left, the frame gave it a
proof, which is never part of a URL.
"""

import datetime
import logging
import secrets
import time
from typing import Any, Final

from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from console.request import ConsoleRequest
from console.signin.attempts import PENDING_SECONDS
from console.signin.encryption import decrypt_json, encrypt_json, hash_code, hash_provider_session, hash_subject
from console.signin.errors import InvalidFrameCode
from console.signin.login import VerifiedSignIn, record_refusal
from console.signin.models import FrameSignIn
from console.signin.oidc.authorization import s256_challenge
from console.signin.oidc.client import Revocation
from console.signin.revocation import revoke_tokens
from console.signin.signals import expired_sessions_cleared

logger = logging.getLogger(__name__)

COLLECT_SECONDS: Final = 120  # for which a completed sign-in waits
MAX_ATTEMPTS: Final = 5  # wrong codes
MAX_DISCARDED: Final = 5  # expired sign-ins discarded by one sign-in: each costs a call to the provider
MAX_WAITING: Final = 5  # frames of one session that can wait at once
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no letter looks like another one
_CODE_LENGTH: Final = 10  # 50 bits: five attempts in two minutes cannot guess it
_WAITING: Final = "waiting_frames"  # key of the session's data


def expect_frame_signin(request: ConsoleRequest, next_path: str) -> str:
    """Let this session wait for a sign-in. Return the challenge that the window has to carry."""
    waiting = _waiting_frames(request)
    while len(waiting) >= MAX_WAITING:
        del waiting[min(waiting, key=lambda verifier: waiting[verifier]["at"])]
    verifier = secrets.token_urlsafe(32)
    request.session[_WAITING] = {**waiting, verifier: {"next": next_path, "at": time.time()}}
    return s256_challenge(verifier)


def frame_proof(challenge: str) -> str:
    """Return what a frame gives to a window that it opened. Only the page in the waiting frame contains it."""
    return salted_hmac("console.signin.frames.frame_signin", challenge, algorithm="sha256").hexdigest()


def is_frame_proof(challenge: str, proof: str) -> bool:
    """Return whether ``proof`` is that of ``challenge``."""
    return constant_time_compare(proof, frame_proof(challenge))


def is_challenge(text: str) -> bool:
    """Return whether ``text`` has the form of a challenge."""
    return len(text) == 43 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def store_frame_signin(challenge: str, *, is_proven: bool, sign_in: VerifiedSignIn) -> str:
    """Let a completed sign-in wait for its frame. Return the code for it."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    discard_expired(limit=MAX_DISCARDED)
    discard_frame_signins(FrameSignIn.objects.filter(challenge=challenge))  # of an earlier window for the same frame
    FrameSignIn.objects.update_or_create(
        challenge=challenge,
        defaults={
            "code_hash": hash_code(code),
            "secret": _encrypt(sign_in),
            "subject_hash": hash_subject(sign_in.person["sub"]),
            "provider_session_hash": hash_provider_session(sign_in.person.get("sid")),
            "is_proven": is_proven,
            "attempts": 0,
            "expires_at": timezone.now() + datetime.timedelta(seconds=COLLECT_SECONDS),
        },
    )
    return code


def frame_state(request: ConsoleRequest) -> str:
    """Return what a waiting frame has to do next.

    ``signed_in``; ``ready``: collect the sign-in; ``code``: collect it with the code; ``waiting``; ``lost``: this
    session waits for nothing, for example because the browser stores no cookie for the frame.
    """
    if request.actor is not None:
        return "signed_in"
    challenges = [s256_challenge(verifier) for verifier in _waiting_frames(request)]
    proofs = list(_collectable(challenges).values_list("is_proven", flat=True))
    if proofs:
        return "ready" if any(proofs) else "code"
    return "waiting" if challenges else "lost"


def collect(request: ConsoleRequest, code: str) -> VerifiedSignIn:
    """Collect the sign-in that this session waits for. It works once.

    Raises:
        InvalidFrameCode: there is none, or the code is wrong.

    """
    waiting = _waiting_frames(request)
    verifiers = {s256_challenge(verifier): verifier for verifier in waiting}
    rows = list(_collectable(list(verifiers)))
    try:
        for row in rows:
            # Deleting the row decides which of several simultaneous requests gets it.
            if _accepts(row, code) and FrameSignIn.objects.filter(pk=row.pk).delete()[0]:
                request.session[_WAITING] = {}
                return _decrypt(row, waiting[verifiers[row.challenge]]["next"])
        _count_wrong_attempt(rows)
        raise InvalidFrameCode
    except InvalidFrameCode as refused:
        record_refusal(refused)
        raise


def discard_expired(*, limit: int | None = None) -> None:
    """Discard sign-ins that nobody collected in time, at most ``limit``."""
    discard_frame_signins(FrameSignIn.objects.filter(expires_at__lte=timezone.now())[:limit])


def discard_frame_signins(rows: QuerySet[FrameSignIn]) -> None:
    """Delete sign-ins that wait for a frame, and revoke their tokens.

    Of simultaneous requests, only the one that deletes a row revokes.
    """
    for row in rows:
        if FrameSignIn.objects.filter(pk=row.pk).delete()[0]:
            _revoke(row)


@receiver(expired_sessions_cleared)
def _discard_with_expired_sessions(**_: Any) -> None:
    discard_expired()


def _collectable(challenges: list[str]) -> QuerySet[FrameSignIn]:
    return FrameSignIn.objects.filter(challenge__in=challenges, expires_at__gt=timezone.now())


def _count_wrong_attempt(rows: list[FrameSignIn]) -> None:
    attempted = FrameSignIn.objects.filter(pk__in=[row.pk for row in rows])
    attempted.update(attempts=F("attempts") + 1)
    discard_frame_signins(attempted.filter(attempts__gte=MAX_ATTEMPTS))


def _accepts(row: FrameSignIn, code: str) -> bool:
    if not code:
        return row.is_proven
    typed = "".join(c for c in code.upper() if c.isalnum()).translate(str.maketrans("OIL", "011"))
    return constant_time_compare(hash_code(typed), row.code_hash)


def _encrypt(sign_in: VerifiedSignIn) -> str:
    expires_at = sign_in.expires_at.isoformat() if sign_in.expires_at else None
    document = {
        "person": sign_in.person,
        "from_userinfo": sign_in.from_userinfo,
        "token_response": sign_in.token_response,
        "expires_at": expires_at,
    }
    return encrypt_json(document)


def _decrypt(row: FrameSignIn, next_path: str) -> VerifiedSignIn:
    """Return the waiting sign-in. Raises ``InvalidFrameCode`` if none of the encryption keys fits any more."""
    try:
        document: dict[str, Any] = decrypt_json(row.secret)
    except ValueError:
        raise InvalidFrameCode from None
    expires_at = datetime.datetime.fromisoformat(document["expires_at"]) if document["expires_at"] else None
    return VerifiedSignIn(
        document["person"], document["from_userinfo"], document["token_response"], expires_at, next_path
    )


def _revoke(row: FrameSignIn) -> None:
    try:
        response = _decrypt(row, "").token_response
    except InvalidFrameCode:  # nobody can decrypt the tokens, so nobody can use them either
        return
    access_token, refresh_token = response.get("access_token") or "", response.get("refresh_token") or ""
    result = revoke_tokens(access_token=access_token, refresh_token=refresh_token)
    if result is not Revocation.CONFIRMED:
        logger.warning("Tokens that no frame collected were not revoked (%s).", result.value)


def _waiting_frames(request: ConsoleRequest) -> dict[str, Any]:
    """Return the verifiers of this session, with the path that each frame wants to open."""
    waiting: dict[str, Any] = request.session.get(_WAITING) or {}
    return {verifier: frame for verifier, frame in waiting.items() if time.time() - frame["at"] < PENDING_SECONDS}
