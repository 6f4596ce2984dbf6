"""Signing out, here and at the provider."""

import logging
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse

from console.request import ConsoleRequest
from console.signin.access.gate import Actor
from console.signin.errors import SignInRefused
from console.signin.oidc.client import Revocation
from console.signin.oidc.discovery import provider_configuration
from console.signin.revocation import revoke_session_tokens
from console.signin.session_secrets import SessionSecrets, decrypt_secrets

# Amazon Cognito calls the parameter logout_uri, and refuses a request without it.
_COGNITO: Final = re.compile(r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")

logger = logging.getLogger(__name__)

_VALUES: Final = "signed_out"  # key of the data of the session that is nobody's


@dataclass(frozen=True, slots=True)
class SignOut:
    """What a sign-out has ended.

    Attributes:
        revocation: what came of revoking the tokens.
        provider_url: the URL that ends the provider's session, too; empty if the provider has none or does not answer.
        has_provider_answered: whether its configuration could be read.

    """

    revocation: Revocation
    provider_url: str
    has_provider_answered: bool


def sign_out(request: ConsoleRequest, actor: Actor) -> SignOut:
    """End the person's session and revoke their tokens. It succeeds even if the provider does not answer."""
    row = request.session.row
    secrets = decrypt_secrets(row.secret) if row else None
    request.session.end()
    request.actor = None
    try:
        endpoint, has_answered = provider_configuration().end_session_endpoint, True
    except SignInRefused:
        endpoint, has_answered = "", False
    revocation = revoke_session_tokens(secrets) if secrets and has_answered else Revocation.NO_ANSWER
    logger.info("Signed out: %s (revocation: %s)", actor.subject, revocation.value)
    return SignOut(revocation, end_session_url(request, endpoint, secrets) if endpoint else "", has_answered)


def end_session_url(request: ConsoleRequest, endpoint: str, secrets: SessionSecrets | None) -> str:
    """Return the URL of the provider's logout page (OpenID Connect RP-Initiated Logout 1.0, section 2)."""
    address = request.build_absolute_uri(reverse("signout"))
    parameters = {"client_id": settings.OIDC_CLIENT_ID}
    if _COGNITO.fullmatch(urlsplit(settings.OIDC_ISSUER).hostname or ""):
        parameters["logout_uri"] = address
    else:
        parameters["post_logout_redirect_uri"] = address
        if secrets and secrets.id_token:
            parameters["id_token_hint"] = secrets.id_token
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def sign_out_values(result: SignOut) -> dict[str, Any]:
    """Return what the page at the end says."""
    missing = "none" if result.has_provider_answered else "unknown"
    return {
        "revocation": result.revocation.name,
        "provider_url": result.provider_url,
        "provider_session": "" if result.provider_url else missing,
    }


def remember_sign_out(request: ConsoleRequest, result: SignOut) -> None:
    """Let the page at the end, after the provider's own pages, say what has ended."""
    request.session[_VALUES] = {**sign_out_values(result), "provider_url": ""}


def remembered_values(request: ConsoleRequest) -> dict[str, Any]:
    """Return what the page says of the sign-out that this browser has just made, once; later it knows of none."""
    values: dict[str, Any] | None = request.session.pop(_VALUES, None)
    return values or {"revocation": "", "provider_url": "", "provider_session": ""}
