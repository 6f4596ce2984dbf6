"""Verify a logout token: OpenID Connect Back-Channel Logout 1.0, section 2.6."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any, Final

from console.recorded_text import recorded
from console.signin.errors import InvalidLogoutToken
from console.signin.oidc.discovery import ProviderConfiguration
from console.signin.oidc.id_token import LEEWAY, MAX_AGE, decode_signed_token

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"  # section 2.4
_TYPES: Final = frozenset({"logout+jwt", "jwt"})
"""``typ`` is ``logout+jwt`` or, at older providers, that of any JWT (section 2.4)."""

_MAX_JTI: Final = 1000  # characters
REMEMBERED_SECONDS: Final = MAX_AGE + 2 * LEEWAY
"""For how long an identifier is remembered. A token cannot be accepted for longer than that after it was issued."""


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whose sessions end: those of ``subject``, those of the provider's session ``sid``, or what both have in common.

    One of the two can be empty. ``jti_hash`` is the same for the same token.
    """

    subject: str
    sid: str
    jti_hash: str


def verify_logout_token(token: Any, configuration: ProviderConfiguration) -> LogoutToken:
    """Verify the token and return whose sessions end. It does not know whether the token was received before.

    Raises:
        InvalidLogoutToken: it fails a check.
        InvalidIdToken: it fails a check that ID tokens have to pass, too (step 3).

    """
    claims = decode_signed_token(token, configuration, types=_TYPES, required=("iss", "aud", "iat", "exp", "jti"))
    return read_logout_claims(claims)


def read_logout_claims(claims: dict[str, Any]) -> LogoutToken:
    """Check the claims of steps 4 to 6, and the types of all; return whose sessions end."""
    subject, sid = claims.get("sub"), claims.get("sid")
    for value in (subject, sid):
        if value is not None and (not isinstance(value, str) or not value):
            raise InvalidLogoutToken(recorded("logout_token.subject_format", "Its sub or sid is not text."))
    if subject is None and sid is None:
        raise InvalidLogoutToken(recorded("logout_token.nobody", "It has neither sub nor sid."))
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise InvalidLogoutToken(recorded("logout_token.events", "Its events do not contain a logout."))
    if "nonce" in claims:
        raise InvalidLogoutToken(recorded("logout_token.nonce", "It has a nonce, as only ID tokens do."))
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _MAX_JTI:
        raise InvalidLogoutToken(recorded("logout_token.jti", "Its identifier (jti) is missing or is not short text."))
    if time.time() - claims["iat"] > MAX_AGE + LEEWAY:
        raise InvalidLogoutToken(recorded("id_token.issued_too_early", "It was issued too long ago (iat)."))
    return LogoutToken(subject or "", sid or "", hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest())
