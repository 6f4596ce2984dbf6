"""Verifying the ID token: OpenID Connect Core 1.0, section 3.1.3.7, with PyJWT."""

import base64
import hashlib
import time
from typing import Any, Final

import jwt
from django.conf import settings

from console.recorded_text import recorded
from console.signin.errors import IdTokenWrong
from console.signin.oidc import client

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones only: with HS256 whoever knows the client secret, and with ``none`` anybody, could sign."""

LEEWAY: Final = 30  # seconds by which the clocks may differ
MAX_AGE: Final = 600  # seconds since `iat`: a token for a sign-in that has just taken place
SHORTEST_RSA_KEY: Final = 2048  # bits


def verify(token: Any, config: client.Configuration, *, nonce: str, access_token: str) -> dict[str, Any]:
    """The claims of the ID token.

    Raises:
        IdTokenWrong: it fails a check; the page names which.

    """
    if not isinstance(token, str) or not token:
        raise IdTokenWrong(recorded("There is none in the token answer."))
    key, algorithm = _key_for(token, config)
    claims = _decode(token, key, algorithm)
    _check_audience(claims)
    if claims.get("nonce") != nonce:
        raise IdTokenWrong(recorded("Its nonce is not that of this sign-in."))
    _check_at_hash(claims, algorithm, access_token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise IdTokenWrong(recorded("Its sub is not 1 to 255 printable characters."))
    return claims


def _key_for(token: str, config: client.Configuration) -> tuple[jwt.PyJWK, str]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise IdTokenWrong(recorded("It is not a JSON Web Token.")) from error
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise IdTokenWrong(recorded("Its algorithm (alg) is not one of the asymmetric ones that are accepted."))
    if "crit" in header:
        raise IdTokenWrong(recorded("It has critical headers that are not understood."))
    for fresh in (False, True):
        key = find_key(client.keys(config, fresh=fresh), header.get("kid"), algorithm)
        if key:
            return key, algorithm
    raise IdTokenWrong(recorded("It is signed with a key (kid) that the provider does not publish."))


def find_key(listed: list[dict[str, Any]], kid: Any, algorithm: str) -> jwt.PyJWK | None:
    """The key among ``listed`` (RFC 7517) that verifies ``algorithm``; without a ``kid`` only where it is the one."""
    fitting = [one for one in listed if one.get("use", "sig") == "sig" and one.get("alg", algorithm) == algorithm]
    if kid is None and len(fitting) > 1:
        return None
    for one in fitting:
        if kid is not None and one.get("kid") != kid:
            continue
        try:
            key = jwt.PyJWK({**one, "alg": algorithm})
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if getattr(key.key, "key_size", SHORTEST_RSA_KEY) < SHORTEST_RSA_KEY and algorithm[:2] in ("RS", "PS"):
            raise IdTokenWrong(_SHORT_KEY.format(bits=SHORTEST_RSA_KEY))
        return key
    return None


def _decode(token: str, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=settings.OIDC_CLIENT_ID,
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "exp", "iat", "sub"], "verify_sub": True},
        )
    except jwt.PyJWTError as error:
        raise IdTokenWrong(_WHY.get(type(error), _UNVERIFIED)) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise IdTokenWrong(recorded("It cannot be read.")) from error
    return claims


def _check_audience(claims: dict[str, Any]) -> None:
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    authorized = claims.get("azp")
    if several and authorized is None:
        raise IdTokenWrong(recorded("It is for several clients and does not name the authorized one (azp)."))
    if authorized is not None and authorized != settings.OIDC_CLIENT_ID:
        raise IdTokenWrong(recorded("Its authorized party (azp) is another client."))
    if isinstance(claims["iat"], int | float) and time.time() - claims["iat"] > MAX_AGE + LEEWAY:
        raise IdTokenWrong(recorded("It was issued too long ago (iat)."))


def _check_at_hash(claims: dict[str, Any], algorithm: str, access_token: str) -> None:
    """OpenID Connect Core 1.0, section 3.1.3.8. Optional in the code flow; where present it has to be right."""
    given = claims.get("at_hash")
    if given is None:
        return
    bits = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}.get(algorithm[-3:], hashlib.sha512)
    digest = bits(access_token.encode("ascii")).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if given != expected:
        raise IdTokenWrong(recorded("Its at_hash does not fit the access token."))


_SHORT_KEY: Final = recorded("It is signed with an RSA key of less than {bits} bits.")
_UNVERIFIED: Final = recorded("It cannot be verified.")
_WHY: Final[dict[type[Exception], str]] = {
    jwt.InvalidSignatureError: recorded("Its signature is wrong."),
    jwt.ExpiredSignatureError: recorded("It has expired (exp)."),
    jwt.ImmatureSignatureError: recorded("It is not valid yet (nbf or iat)."),
    jwt.InvalidIssuedAtError: recorded("Its iat is no time."),
    jwt.InvalidAudienceError: recorded("It is meant for another client (aud)."),
    jwt.InvalidIssuerError: recorded("It comes from another issuer (iss)."),
    jwt.MissingRequiredClaimError: recorded("It lacks a required claim (iss, aud, exp, iat or sub)."),
    jwt.exceptions.InvalidSubjectError: recorded("Its sub is no text."),
}
