"""What helps if the provider sends no refresh token: a text for the log and for ``doctor``."""

from urllib.parse import urlsplit

from django.conf import settings


def refresh_hint() -> str:
    """Return the settings to try, in the order in which they help most often; those already made are left out."""
    parameters, prompt = settings.OIDC_AUTHORIZATION_PARAMETERS, settings.OIDC_PROMPT.split()
    hints: list[str] = []
    if urlsplit(settings.OIDC_ISSUER).hostname == "accounts.google.com" and "access_type" not in parameters:
        hints.append("OIDC_AUTHORIZATION_PARAMETERS=access_type=offline")
    elif "offline_access" not in settings.OIDC_SCOPES:
        hints.append("the scope offline_access in OIDC_SCOPES")
    if "consent" not in prompt:
        hints.append("OIDC_PROMPT=consent, which some providers require")
    hints.append("the grant refresh token for this client at the provider")
    return f"What helps: {'; '.join(hints)}."
