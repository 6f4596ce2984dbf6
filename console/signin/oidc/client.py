"""The calls that this console makes as an OAuth client: token, userinfo and revocation endpoint."""

from typing import Any, Final

from django.conf import settings

from console import http
from console.recorded_text import recorded
from console.redaction import note_secrets
from console.signin.errors import (
    CodeRejected,
    InvalidTokenResponse,
    InvalidUserinfo,
    ProviderUnreachable,
    SignInRefused,
)
from console.signin.oidc.discovery import ProviderConfiguration
from console.signin.oidc.transport import get_json, is_overloaded, json_object, send

_TOKEN_ENDPOINT_ANSWERED: Final = recorded("provider.token_endpoint_answered", "Its token endpoint answered {answer}.")


class TokenRequestRefused(Exception):
    """The token endpoint answered with an error (RFC 6749, section 5.2); ``error`` is its code."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def redeem_code(configuration: ProviderConfiguration, *, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
    """Exchange the authorization code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    try:
        return request_token(configuration, form)
    except TokenRequestRefused as error:
        raise CodeRejected(f"({error.error})") from None


def request_token(configuration: ProviderConfiguration, form: dict[str, str]) -> dict[str, Any]:
    """Call the token endpoint and return its response, with a usable access token (RFC 6749, section 5.1).

    Raises:
        TokenRequestRefused: an error response (4xx).
        InvalidTokenResponse: any other response without a usable token.
        ProviderUnreachable: no response, 429 or 5xx.

    """
    response = _send_as_client(configuration, configuration.token_endpoint, form)
    if is_overloaded(response):
        raise ProviderUnreachable(_TOKEN_ENDPOINT_ANSWERED.format(answer=response.status))
    if 400 <= response.status < 500:
        raise TokenRequestRefused(_error_code(response))
    document = json_object(response, InvalidTokenResponse)
    note_secrets(*(str(document.get(name) or "") for name in ("access_token", "refresh_token", "id_token")))
    check_token_response(document)
    return document


def check_token_response(document: dict[str, Any]) -> None:
    """Raise ``InvalidTokenResponse`` unless the response has a bearer token that can be sent in a header."""
    access_token, token_type = document.get("access_token"), document.get("token_type")
    if not isinstance(access_token, str) or not access_token:
        raise InvalidTokenResponse(recorded("provider.no_access_token", "It has no access token."))
    if not all(33 <= ord(c) < 127 for c in access_token):
        raise InvalidTokenResponse(
            recorded("provider.access_token_format", "Its access token cannot be sent in a header.")
        )
    refresh_token = document.get("refresh_token")
    if isinstance(refresh_token, str) and not all(32 <= ord(c) < 127 for c in refresh_token):  # RFC 6749, A.17
        raise InvalidTokenResponse(
            recorded("provider.refresh_token_format", "Its refresh token contains invalid characters.")
        )
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise InvalidTokenResponse(recorded("provider.token_type", "Its token_type is not Bearer."))


def fetch_userinfo(configuration: ProviderConfiguration, access_token: str, subject: str) -> dict[str, Any]:
    """Return the claims of the userinfo endpoint (OpenID Connect Core 1.0, section 5.3); ``{}`` if there is none."""
    if not configuration.userinfo_endpoint:
        return {}
    headers = {"Authorization": f"Bearer {access_token}"}
    document = get_json(configuration.userinfo_endpoint, InvalidUserinfo, headers=headers)
    if document.get("sub") != subject:
        raise InvalidUserinfo(
            recorded("provider.other_subject", "It describes another person (sub) than the ID token.")
        )
    return document


def revoke_token(configuration: ProviderConfiguration, token: str, hint: str) -> bool:
    """Revoke a token (RFC 7009). Return whether the provider answered: signing out must not depend on it."""
    if not configuration.revocation_endpoint or not token:
        return True
    try:
        _send_as_client(configuration, configuration.revocation_endpoint, {"token": token, "token_type_hint": hint})
    except SignInRefused:
        return False
    return True


def _send_as_client(configuration: ProviderConfiguration, address: str, form: dict[str, str]) -> http.Response:
    """POST a form with the client's id and secret (OpenID Connect Core 1.0, section 9)."""
    credentials = (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
    if configuration.basic_auth:
        return send("POST", address, InvalidTokenResponse, form=form, basic_auth=credentials)
    form = {**form, "client_id": credentials[0], "client_secret": credentials[1]}
    return send("POST", address, InvalidTokenResponse, form=form)


def _error_code(response: http.Response) -> str:
    """Return the error code of the response (RFC 6749, section 5.2), or its status.

    The code goes to page and log, so only a plain name is accepted. The error's description is never used.
    """
    try:
        error = response.json().get("error")
    except (http.InvalidJson, AttributeError):
        error = None
    is_name = isinstance(error, str) and len(error) <= 60 and error.replace("_", "").isalnum() and error.isascii()
    return str(error) if is_name else f"HTTP {response.status}"
