"""Verify the ID token: OpenID Connect Core 1.0, section 3.1.3.7. PyJWT (RFC 7519) checks signature and times."""

import base64
import hashlib
import time
from typing import Any, Final

import jwt
from django.conf import settings

from console.json_depth import MAX_JSON_DEPTH, json_depth
from console.recorded_text import recorded
from console.signin.errors import InvalidIdToken
from console.signin.oidc.discovery import ProviderConfiguration, provider_keys
from console.signin.oidc.foreign_text import describe_issuers, foreign_text

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones only: anybody who knows the client secret could sign with HS256, and everybody with ``none``."""

LEEWAY: Final = 30  # seconds by which the clocks may differ
MAX_AGE: Final = 600  # seconds since `iat`: the token belongs to a sign-in that has just taken place
MIN_RSA_BITS: Final = 2048  # NIST SP 800-131A

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of private and symmetric keys (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037, section 2)."""

_TYPES: Final = frozenset({"jwt"})
_REQUIRED: Final = ("iss", "aud", "exp", "iat", "sub")  # OpenID Connect Core 1.0, section 2

_NOT_A_NUMBER: Final = recorded("id_token.not_a_number", "Its {name} is not a number.")
_SHORT_KEY: Final = recorded("id_token.short_key", "It is signed with an RSA key of less than {bits} bits.")
MISSING_CLAIM: Final = recorded("id_token.missing_claim", "It lacks the claim {claim}.")
_OTHER_AUDIENCE: Final = recorded(
    "id_token.other_client", "It is meant for another client: aud is {found}, and OIDC_CLIENT_ID is {configured}."
)
_ALGORITHM: Final = recorded(
    "id_token.algorithm_named",
    "It is signed with {found}, which is not accepted. The operator has to let the provider sign with an asymmetric "
    "algorithm, such as RS256.",
)
_ENCRYPTED: Final = recorded(
    "id_token.encrypted",
    "It is encrypted, which this console does not support. The operator has to turn its encryption off for this "
    "client.",
)
_UNVERIFIED: Final = recorded("id_token.unverified", "It cannot be verified.")
_JWT_ERRORS: Final[dict[type[Exception], str]] = {
    jwt.InvalidSignatureError: recorded("id_token.invalid_signature", "Its signature is wrong."),
    jwt.ExpiredSignatureError: recorded("id_token.expired_signature", "It has expired (exp)."),
    jwt.ImmatureSignatureError: recorded("id_token.immature_signature", "It is not valid yet (nbf or iat)."),
    jwt.InvalidIssuedAtError: recorded("id_token.invalid_issued_at", "Its iat is not a number."),
    jwt.exceptions.InvalidSubjectError: recorded("id_token.invalid_subject", "Its sub is not a string."),
}


def verify_id_token(
    token: Any, configuration: ProviderConfiguration, *, nonce: str, access_token: str
) -> dict[str, Any]:
    """Verify the ID token of a token response and return its claims.

    Args:
        nonce: the one that this sign-in sent to the provider.
        access_token: the one of the same token response, for ``at_hash``.

    Raises:
        InvalidIdToken: it fails a check; the page names which.

    """
    claims = _verify(token, configuration, access_token)
    if claims.get("nonce") is None:
        raise InvalidIdToken(MISSING_CLAIM.format(claim="nonce"))
    if claims["nonce"] != nonce:
        raise InvalidIdToken(recorded("id_token.nonce", "Its nonce is not that of this sign-in."))
    return claims


def verify_refreshed_id_token(
    token: Any, configuration: ProviderConfiguration, *, subject: str, audience: list[str], access_token: str
) -> dict[str, Any]:
    """Verify an ID token that came with a refreshed access token, and return its claims.

    OpenID Connect Core 1.0, section 12.2.

    Args:
        subject: ``sub`` of the ID token of the sign-in.
        audience: ``aud`` of the ID token of the sign-in.

    """
    claims = _verify(token, configuration, access_token)
    if claims["sub"] != subject:
        raise InvalidIdToken(
            recorded("id_token.other_subject", "It is about another person (sub) than the one who signed in.")
        )
    if set(audience_of(claims)) != set(audience):
        raise InvalidIdToken(recorded("id_token.other_audience", "Its audience (aud) is not that of the sign-in."))
    return claims


def audience_of(claims: dict[str, Any]) -> list[str]:
    """Return the clients that the token is for: ``aud`` is a string or a list."""
    audience = claims["aud"]
    return [str(client) for client in audience] if isinstance(audience, list) else [str(audience)]


def select_key(keys: list[dict[str, Any]], kid: Any, algorithm: str) -> jwt.PyJWK | None:
    """Return the key (RFC 7517) that verifies ``algorithm``; ``None`` if there is none, or no ``kid`` to choose one."""
    candidates = [key for key in keys if may_verify(key) and key.get("alg", algorithm) == algorithm]
    if kid is None and len(candidates) > 1:
        return None
    for candidate in candidates:
        if kid is not None and candidate.get("kid") != kid:
            continue
        if _PRIVATE_MEMBERS & candidate.keys():
            raise InvalidIdToken(
                recorded("id_token.private_key", "It is signed with a key whose private part the provider publishes.")
            )
        try:
            key = jwt.PyJWK({**candidate, "alg": algorithm})
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if getattr(key.key, "key_size", MIN_RSA_BITS) < MIN_RSA_BITS and algorithm[:2] in ("RS", "PS"):
            raise InvalidIdToken(_SHORT_KEY.format(bits=MIN_RSA_BITS))
        return key
    return None


def may_verify(key: dict[str, Any]) -> bool:
    """Return whether ``use`` and ``key_ops``, if present, allow the key to verify (RFC 7517, sections 4.2, 4.3)."""
    operations = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def check_type(header: dict[str, Any], types: frozenset[str] = _TYPES) -> None:
    """Check that the token is not one of another kind, such as a logout token (RFC 8725, section 3.11)."""
    token_type = header.get("typ", "JWT")
    if not isinstance(token_type, str) or token_type.lower().removeprefix("application/") not in types:
        raise InvalidIdToken(recorded("id_token.type", "It is a token of another kind (typ)."))


def check_times(claims: dict[str, Any]) -> None:
    """Check that the times are numbers (RFC 7519, section 2: NumericDate). PyJWT accepts strings and booleans."""
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidIdToken(_NOT_A_NUMBER.format(name=name))


def check_issuer_and_client(claims: dict[str, Any]) -> None:
    """Check ``iss`` and ``aud``, if the token has them (section 3.1.3.7, points 2 and 3)."""
    if "iss" in claims and claims["iss"] != settings.OIDC_ISSUER:
        raise InvalidIdToken(describe_issuers(claims["iss"], settings.OIDC_ISSUER))
    if "aud" not in claims:
        return
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if settings.OIDC_CLIENT_ID not in audience or not all(isinstance(client, str) for client in audience):
        found = foreign_text(", ".join(client for client in audience if isinstance(client, str))) or "?"
        raise InvalidIdToken(_OTHER_AUDIENCE.format(found=found, configured=settings.OIDC_CLIENT_ID))


def check_audience(claims: dict[str, Any], client_id: str) -> None:
    """Check ``azp`` (section 3.1.3.7, points 3 to 5); ``aud`` contains the client."""
    audience, authorized_party = claims["aud"], claims.get("azp")
    if isinstance(audience, list) and len(audience) > 1 and authorized_party is None:
        raise InvalidIdToken(
            recorded(
                "id_token.no_authorized_party", "It is for several clients and does not name the authorized one (azp)."
            )
        )
    if authorized_party is not None and authorized_party != client_id:
        raise InvalidIdToken(
            recorded("id_token.other_authorized_party", "Its authorized party (azp) is another client.")
        )


def check_age(claims: dict[str, Any], now: float) -> None:
    """Check that the token was issued recently (section 3.1.3.7, point 10)."""
    if now - claims["iat"] > MAX_AGE + LEEWAY:
        raise InvalidIdToken(recorded("id_token.issued_too_early", "It was issued too long ago (iat)."))


def check_at_hash(claims: dict[str, Any], algorithm: str, access_token: str) -> None:
    """Check that the token belongs to the access token (section 3.1.3.8). Optional; if present, it must match."""
    at_hash = claims.get("at_hash")
    if at_hash is None:
        return
    hashes = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
    digest = hashes.get(algorithm[-3:], hashlib.sha512)(access_token.encode("ascii")).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if at_hash != expected:
        raise InvalidIdToken(recorded("id_token.at_hash", "Its at_hash does not match the access token."))


def check_subject_format(claims: dict[str, Any]) -> None:
    """Check that ``sub`` can be stored and shown (section 2: at most 255 ASCII characters)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise InvalidIdToken(recorded("id_token.subject_format", "Its sub is not 1 to 255 printable characters."))


def _verify(token: Any, configuration: ProviderConfiguration, access_token: str) -> dict[str, Any]:
    """Check everything that every ID token has to fulfil, and return its claims."""
    if not isinstance(token, str) or not token:
        raise InvalidIdToken(recorded("id_token.missing", "The token response has none."))
    claims = decode_signed_token(token, configuration)
    algorithm = jwt.get_unverified_header(token)["alg"]
    check_audience(claims, settings.OIDC_CLIENT_ID)
    check_age(claims, time.time())
    check_at_hash(claims, algorithm, access_token)
    check_subject_format(claims)
    return claims


def decode_signed_token(
    token: str,
    configuration: ProviderConfiguration,
    *,
    types: frozenset[str] = _TYPES,
    required: tuple[str, ...] = _REQUIRED,
) -> dict[str, Any]:
    """Verify signature, ``iss``, ``aud`` and times of a token of the provider, and return its claims.

    Args:
        types: accepted values of its ``typ``, in lower case.
        required: claims that it must have.

    """
    key, algorithm = _find_key(token, configuration, types)
    claims = _decode(token, key, algorithm, required)
    check_times(claims)
    return claims


def _find_key(token: str, configuration: ProviderConfiguration, types: frozenset[str]) -> tuple[jwt.PyJWK, str]:
    if token.count(".") == 4:  # RFC 7516, section 9: five parts
        raise InvalidIdToken(_ENCRYPTED)
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidIdToken(recorded("id_token.no_jwt", "It is not a JSON Web Token.")) from error
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise InvalidIdToken(_ALGORITHM.format(found=foreign_text(algorithm, 20) or "?"))
    check_type(header, types)
    if "crit" in header:
        raise InvalidIdToken(
            recorded("id_token.critical_headers", "It has critical headers that are not supported (crit).")
        )
    for refetch in (False, True):  # the provider may have published a new key since the last fetch
        key = select_key(provider_keys(configuration, refetch=refetch), header.get("kid"), algorithm)
        if key:
            return key, algorithm
    raise InvalidIdToken(
        recorded("id_token.unknown_key", "It is signed with a key (kid) that the provider does not publish.")
    )


def _decode(token: str, key: jwt.PyJWK, algorithm: str, required: tuple[str, ...]) -> dict[str, Any]:
    """Verify signature, ``exp``, ``nbf``, ``iat``, ``iss`` and ``aud``."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            leeway=LEEWAY,
            # ``iss`` and ``aud`` are checked below, so that the error names what was found.
            options={"require": list(required), "verify_sub": True, "verify_iss": False, "verify_aud": False},
        )
    except jwt.MissingRequiredClaimError as error:
        raise InvalidIdToken(MISSING_CLAIM.format(claim=error.claim)) from error
    except jwt.PyJWTError as error:
        raise InvalidIdToken(_JWT_ERRORS.get(type(error), _UNVERIFIED)) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidIdToken(recorded("id_token.unreadable", "It cannot be read.")) from error
    if json_depth(claims) > MAX_JSON_DEPTH:
        raise InvalidIdToken(recorded("id_token.too_deep", "It is nested too deeply."))
    check_issuer_and_client(claims)
    return claims
