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

from collections.abc import Mapping
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


def _vouching_document(documents: tuple[Mapping[str, Any], ...], claim: str, flag: str) -> Mapping[str, Any]:
    with_claim = [document for document in documents if document.get(claim) is not None]
    with_both = [document for document in with_claim if document.get(flag) is not None]
    return next(iter(with_both or with_claim), {})
