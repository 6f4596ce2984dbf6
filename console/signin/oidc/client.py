"""The calls that this console makes as an OAuth client: token, userinfo and revocation endpoint."""

import enum
import logging
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings

from console import http
from console.recorded_text import RecordedText, join_texts, recorded
from console.redaction import note_secrets
from console.signin.errors import (
    ClientRejected,
    CodeRejected,
    InvalidIdToken,
    InvalidTokenResponse,
    InvalidUserinfo,
    ProviderUnreachable,
    SignInRefused,
)
from console.signin.oidc.discovery import ProviderConfiguration
from console.signin.oidc.foreign_text import describe_error, foreign_text
from console.signin.oidc.id_token import MISSING_CLAIM, decode_signed_token
from console.signin.oidc.transport import is_overloaded, json_object, send

logger = logging.getLogger(__name__)

_USERINFO_ANSWERED: Final = recorded("provider.userinfo_answered", "Its userinfo endpoint answered {answer}.")
_OTHER_AUDIENCE: Final = recorded(
    "provider.userinfo_audience",
    "The access token is probably meant for another service. The operator can set OIDC_USERINFO=optional, or off, if "
    "the ID token has all claims that rules need.",
)
_TOKEN_ENDPOINT_ANSWERED: Final = recorded("provider.token_endpoint_answered", "Its token endpoint answered {answer}.")


class Revocation(enum.StrEnum):
    """What came of revoking tokens."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    NO_ANSWER = "no answer"
    NO_ENDPOINT = "no endpoint"  # the provider cannot revoke tokens at all


class TokenRequestRefused(Exception):
    """The token endpoint answered with an error (RFC 6749, section 5.2).

    Attributes:
        error: its code, or the status of the response.
        text: the error in words, with the provider's description.

    """

    def __init__(self, error: str, text: RecordedText) -> None:
        super().__init__(error)
        self.error = error
        self.text = text

    @property
    def is_about_client(self) -> bool:
        """Whether the client's id or secret is what the provider refuses."""
        return self.error in ("invalid_client", "HTTP 401")


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
    except TokenRequestRefused as refused:
        raise (ClientRejected if refused.is_about_client else CodeRejected)(refused.text) from None


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
        raise _token_error(response)
    if response.status >= 300:
        raise InvalidTokenResponse(_TOKEN_ENDPOINT_ANSWERED.format(answer=response.status))
    document = json_object(response, InvalidTokenResponse)
    if "access_token" not in document and foreign_text(document.get("error")):
        raise _token_error(response)  # some providers answer 200 to everything
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


def fetch_userinfo(
    configuration: ProviderConfiguration, access_token: str, subject: str, *, is_optional: bool
) -> dict[str, Any] | None:
    """Return the claims of the userinfo endpoint (OpenID Connect Core 1.0, section 5.3).

    Args:
        is_optional: whether to go on without an endpoint that does not give them.

    Returns:
        ``None`` if there is no endpoint, if it is turned off, or if it failed and is optional.

    Raises:
        InvalidUserinfo: the answer cannot be used, or describes another person.
        ProviderUnreachable: no response, 429 or 5xx.

    """
    if not configuration.userinfo_endpoint or settings.OIDC_USERINFO == "off":
        return None
    try:
        document = _request_userinfo(configuration, access_token)
    except SignInRefused as refused:
        if not is_optional:
            raise
        logger.warning("Userinfo is optional, and is done without: %s", refused.detail)
        return None
    if document.get("sub") != subject:
        raise InvalidUserinfo(
            recorded("provider.other_subject", "It describes another person (sub) than the ID token.")
        )
    return document


def revoke_token(configuration: ProviderConfiguration, token: str, hint: str) -> Revocation:
    """Revoke a token (RFC 7009). It raises nothing: signing out must not depend on it."""
    form = {"token": token, "token_type_hint": hint}
    try:
        response = _send_as_client(configuration, configuration.revocation_endpoint, form)
    except SignInRefused as refused:
        logger.warning("A token could not be revoked: %s", refused.detail)
        return Revocation.NO_ANSWER
    if response.status in (200, 204):  # the standard's answer is 200; some providers send no content
        return Revocation.CONFIRMED
    document = _error_document(response)
    if document.get("error") == "invalid_token":  # Google: the refresh token took the access token with it
        return Revocation.CONFIRMED
    said = describe_error(document.get("error"), document.get("error_description"))
    logger.warning("The provider did not revoke the %s: %s. %s", hint, response.status, said)
    return Revocation.NO_ANSWER if is_overloaded(response) else Revocation.REFUSED


def basic_credentials() -> tuple[str, str]:
    """Return the client's id and secret as HTTP Basic takes them: form-encoded first (RFC 6749, section 2.3.1).

    A blank becomes ``%20``, which every decoder reads. Not all of them read ``+``, the other form of it.
    """
    return quote(settings.OIDC_CLIENT_ID, safe=""), quote(settings.OIDC_CLIENT_SECRET, safe="")


def _send_as_client(configuration: ProviderConfiguration, address: str, form: dict[str, str]) -> http.Response:
    """POST a form with the client's id and secret (OpenID Connect Core 1.0, section 9)."""
    if configuration.basic_auth:
        return send("POST", address, InvalidTokenResponse, form=form, basic_auth=basic_credentials())
    form = {**form, "client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    return send("POST", address, InvalidTokenResponse, form=form)


def _token_error(response: http.Response) -> TokenRequestRefused:
    """Return the error of the response; its status, if it has none."""
    document = _error_document(response)
    code = foreign_text(document.get("error"), 60)
    if code:
        return TokenRequestRefused(code, describe_error(code, document.get("error_description")))
    status = f"HTTP {response.status}"
    return TokenRequestRefused(status, _TOKEN_ENDPOINT_ANSWERED.format(answer=response.status))


def _error_document(response: http.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except http.InvalidJson:
        return {}
    return document if isinstance(document, dict) else {}


def _describe_userinfo_refusal(response: http.Response) -> RecordedText:
    """Return why userinfo was refused: the error is in a header (RFC 6750, section 3), or in the body."""
    challenge = foreign_text(response.headers.get("WWW-Authenticate"))
    document = _error_document(response)
    said = describe_error(document["error"], document.get("error_description")) if "error" in document else challenge
    answered = _USERINFO_ANSWERED.format(answer=response.status)
    return join_texts(answered, said, _OTHER_AUDIENCE if response.status in (401, 403) else "")


def _request_userinfo(configuration: ProviderConfiguration, access_token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, application/jwt"}
    response = send("GET", configuration.userinfo_endpoint, InvalidUserinfo, headers=headers)
    if is_overloaded(response):
        raise ProviderUnreachable(_USERINFO_ANSWERED.format(answer=response.status))
    if response.status != 200:
        raise InvalidUserinfo(_describe_userinfo_refusal(response))
    document = _read_userinfo(response, configuration)
    if document.get("sub") is not None:
        return document
    if foreign_text(document.get("error")):
        raise InvalidUserinfo(describe_error(document.get("error"), document.get("error_description")))
    raise InvalidUserinfo(MISSING_CLAIM.format(claim="sub"))


def _read_userinfo(response: http.Response, configuration: ProviderConfiguration) -> dict[str, Any]:
    """Return the claims: a JSON object, or a signed JSON Web Token of one (OpenID Connect Core 1.0, section 5.3.2)."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/jwt" and not response.body.startswith(b"eyJ"):
        return json_object(response, InvalidUserinfo)
    try:
        token = response.body.decode("ascii").strip()
        return decode_signed_token(token, configuration, required=("sub",))
    except UnicodeDecodeError:
        raise InvalidUserinfo(recorded("id_token.no_jwt", "It is not a JSON Web Token.")) from None
    except InvalidIdToken as refused:
        raise InvalidUserinfo(refused.detail) from refused
