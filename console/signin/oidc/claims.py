"""Merge the two documents that describe a person: the ID token and the response of the userinfo endpoint.

=====================================  =============================================================================
Claims                                 Rule
=====================================  =============================================================================
``ID_TOKEN_ONLY``                      from the ID token: they describe the sign-in, and only the ID token is signed
``VOUCHED``: a claim and its flag      both from one document: the first of userinfo and ID token that has both,
                                       else the first that has the claim. A flag without its claim is dropped.
all others                             from userinfo if it has the claim, else from the ID token
=====================================  =============================================================================
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

ID_TOKEN_ONLY: Final = frozenset(
    {"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "at_hash", "c_hash", "s_hash"}
    | {"auth_time", "acr", "amr", "sid"}
)
"""OpenID Connect Core 1.0, section 2, and RFC 7519, section 4.1."""

VOUCHED: Final = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""Claims with the flag that says whether the provider has verified them (OpenID Connect Core 1.0, section 5.1)."""


def merge_claims(id_token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims about a person, from the claims of their ID token and of userinfo."""
    merged = {**id_token, **{name: value for name, value in userinfo.items() if name not in ID_TOKEN_ONLY}}
    for claim, flag in VOUCHED.items():
        document = _vouching_document((userinfo, id_token), claim, flag)
        for name in (claim, flag):
            merged.pop(name, None)
            if name in document:
                merged[name] = document[name]
    return merged


def userinfo_claims(id_token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the claims that ``merge_claims`` takes from userinfo."""
    names = set(userinfo) - ID_TOKEN_ONLY
    for claim, flag in VOUCHED.items():
        if _vouching_document((userinfo, id_token), claim, flag) is not userinfo:
            names -= {claim, flag}
    return frozenset(names)


def reread_claims(
    claims: Mapping[str, Any],
    from_userinfo: Iterable[str],
    *,
    id_token: Mapping[str, Any] | None,
    userinfo: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the claims of a session after documents were read again, and which of them come from userinfo.

    A claim is withdrawn if it is missing from the document that carried it; in another document it says nothing.

    Args:
        claims: those of the session so far.
        from_userinfo: the names of those that userinfo carried when it was last read with them.
        id_token: the claims of a newer ID token; ``None`` if there is none.
        userinfo: the response of the userinfo endpoint; ``None`` if it was not read.

    """
    former = frozenset(from_userinfo)
    from_id_token = claims if id_token is None else id_token
    signed = {name: value for name, value in from_id_token.items() if name not in former}
    if userinfo is None:
        return {**signed, **{name: claims[name] for name in former & claims.keys()}}, former
    return merge_claims(signed, userinfo), former | userinfo_claims(signed, userinfo)


def _vouching_document(documents: tuple[Mapping[str, Any], ...], claim: str, flag: str) -> Mapping[str, Any]:
    with_claim = [document for document in documents if document.get(claim) is not None]
    with_both = [document for document in with_claim if document.get(flag) is not None]
    return next(iter(with_both or with_claim), {})
