"""Signing out, here and at the provider."""

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from console.request import ConsoleRequest
from console.signin.access.gate import Actor
from console.signin.errors import SignInRefused
from console.signin.oidc.discovery import provider_configuration
from console.signin.session_secrets import SessionSecrets, decrypt_secrets
from console.signin.tokens import revoke_session_tokens

logger = logging.getLogger(__name__)


def sign_out(request: ConsoleRequest, actor: Actor) -> str:
    """End the person's session and revoke their tokens. Return the URL that ends the provider's session, too."""
    row = request.session.row
    secrets = decrypt_secrets(row.secret) if row else None
    logger.info("Signed out: %s", actor.subject)
    request.session.end()
    request.actor = None
    try:
        endpoint = provider_configuration().end_session_endpoint
    except SignInRefused:  # signing out here must work even if the provider does not answer
        return reverse("signout")
    if secrets:
        revoke_session_tokens(secrets)
    return end_session_url(request, endpoint, secrets)


def end_session_url(request: ConsoleRequest, endpoint: str, secrets: SessionSecrets | None) -> str:
    """Return the URL of the provider's logout page (OpenID Connect RP-Initiated Logout 1.0, section 2).

    If the provider has none (``endpoint`` is empty), it is the console's own page.
    """
    signed_out_path = reverse("signout")
    if not endpoint:
        return signed_out_path
    parameters = {
        "client_id": settings.OIDC_CLIENT_ID,
        "post_logout_redirect_uri": request.build_absolute_uri(signed_out_path),
    }
    if secrets and secrets.id_token:
        parameters["id_token_hint"] = secrets.id_token
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"
