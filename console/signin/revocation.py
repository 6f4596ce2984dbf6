"""Revoke the tokens of a session that has ended (RFC 7009)."""

from console.signin.errors import SignInRefused
from console.signin.oidc.client import Revocation, revoke_token
from console.signin.oidc.discovery import provider_configuration
from console.signin.session_secrets import SessionSecrets


def revoke_tokens(*, access_token: str, refresh_token: str) -> Revocation:
    """Revoke both tokens at the provider. Return the worse of the two results."""
    try:
        configuration = provider_configuration()
    except SignInRefused:
        return Revocation.NO_ANSWER
    if not configuration.revocation_endpoint:
        return Revocation.NO_ENDPOINT
    worst = Revocation.CONFIRMED
    for token, hint in ((refresh_token, "refresh_token"), (access_token, "access_token")):
        result = revoke_token(configuration, token, hint) if token else Revocation.CONFIRMED
        if result is Revocation.NO_ANSWER:
            return result  # it would not answer the second call either, and a person is waiting
        if result is not Revocation.CONFIRMED:
            worst = result
    return worst


def revoke_session_tokens(secrets: SessionSecrets) -> Revocation:
    """Revoke the tokens of a session at the provider."""
    return revoke_tokens(access_token=secrets.access_token, refresh_token=secrets.refresh_token)
