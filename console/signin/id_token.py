"""Verifying the ID token: OpenID Connect Core 1.0, section 3.1.3.7, with PyJWT."""

import base64
import hashlib
import time
from typing import Any, Final

import jwt
from django.conf import settings

from console.signin import oidc
from console.signin.refusals import IdTokenWrong

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones only: with HS256 whoever knows the client secret, and with ``none`` anybody, could sign."""

LEEWAY: Final = 30  # seconds by which the clocks may differ
MAX_AGE: Final = 600  # seconds since `iat`: a token for a sign-in that has just taken place
SHORTEST_RSA_KEY: Final = 2048  # bits


def verify(token: Any, config: oidc.Configuration, *, nonce: str, access_token: str) -> dict[str, Any]:
    """The claims of the ID token.

    Raises:
        IdTokenWrong: it fails a check; the page names which.

    """
    if not isinstance(token, str) or not token:
        raise IdTokenWrong("There is none in the token answer.")
    key, algorithm = _key_for(token, config)
    claims = _decode(token, key, algorithm)
    _check_audience(claims)
    if claims.get("nonce") != nonce:
        raise IdTokenWrong("Its nonce is not that of this sign-in.")
    _check_at_hash(claims, algorithm, access_token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise IdTokenWrong("Its sub is not 1 to 255 printable characters.")
    return claims


def _key_for(token: str, config: oidc.Configuration) -> tuple[jwt.PyJWK, str]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise IdTokenWrong("It is not a JSON Web Token.") from error
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise IdTokenWrong("Its algorithm (alg) is not one of the asymmetric ones that are accepted.")
    if "crit" in header:
        raise IdTokenWrong("It has critical headers that are not understood.")
    for fresh in (False, True):
        key = _find(oidc.keys(config, fresh=fresh), header.get("kid"), algorithm)
        if key:
            return key, algorithm
    raise IdTokenWrong("It is signed with a key (kid) that the provider does not publish.")


def _find(listed: list[dict[str, Any]], kid: Any, algorithm: str) -> jwt.PyJWK | None:
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
            raise IdTokenWrong(f"It is signed with an RSA key of less than {SHORTEST_RSA_KEY} bits.")
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
        raise IdTokenWrong(_WHY.get(type(error), "It cannot be verified.")) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise IdTokenWrong("It cannot be read.") from error
    return claims


def _check_audience(claims: dict[str, Any]) -> None:
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    authorized = claims.get("azp")
    if several and authorized is None:
        raise IdTokenWrong("It is for several clients and does not name the authorized one (azp).")
    if authorized is not None and authorized != settings.OIDC_CLIENT_ID:
        raise IdTokenWrong("Its authorized party (azp) is another client.")
    if isinstance(claims["iat"], int | float) and time.time() - claims["iat"] > MAX_AGE + LEEWAY:
        raise IdTokenWrong("It was issued too long ago (iat).")


def _check_at_hash(claims: dict[str, Any], algorithm: str, access_token: str) -> None:
    """OpenID Connect Core 1.0, section 3.1.3.8. Optional in the code flow; where present it has to be right."""
    given = claims.get("at_hash")
    if given is None:
        return
    bits = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}.get(algorithm[-3:], hashlib.sha512)
    digest = bits(access_token.encode("ascii")).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if given != expected:
        raise IdTokenWrong("Its at_hash does not fit the access token.")


_WHY: Final[dict[type[Exception], str]] = {
    jwt.InvalidSignatureError: "Its signature is wrong.",
    jwt.ExpiredSignatureError: "It has expired (exp).",
    jwt.ImmatureSignatureError: "It is not valid yet (nbf or iat).",
    jwt.InvalidIssuedAtError: "Its iat is no time.",
    jwt.InvalidAudienceError: "It is meant for another client (aud).",
    jwt.InvalidIssuerError: "It comes from another issuer (iss).",
    jwt.MissingRequiredClaimError: "It lacks a required claim (iss, aud, exp, iat or sub).",
    jwt.exceptions.InvalidSubjectError: "Its sub is no text.",
}
