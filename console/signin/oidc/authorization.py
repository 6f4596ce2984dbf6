"""The authorization request and its callback: OpenID Connect Core 1.0, section 3.1.2, with PKCE (RFC 7636).

allauth's OpenID Connect provider, with a stricter start: PKCE S256, a nonce, and no parameter taken from the URL.
"""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.http import QueryDict
from django.urls import reverse

from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.attempts import Attempt, StartedSignIn, store_attempt
from console.signin.errors import InvalidIssuerParameter, MissingCode, ProviderDeclined
from console.signin.oidc.discovery import ProviderConfiguration, provider_configuration
from console.signin.oidc.foreign_text import describe_error, describe_issuers


class ConsoleProvider(OpenIDConnectProvider):
    """The one provider, configured by ``OIDC_*``."""

    id = "openid_connect"

    def get_callback_url(self) -> str:
        """Return the path of the redirect URI."""
        return reverse("signin-callback")

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the subject; its hash if it is longer than allauth's column (191)."""
        subject = super().extract_uid(data)
        return subject if len(subject) <= 191 else f"sha256:{hashlib.sha256(subject.encode()).hexdigest()}"

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with the full subject and without an email address: allauth refuses a known address."""
        fields: dict[str, Any] = super().extract_common_fields(data)
        return {**fields, "email": None, "sub": super().extract_uid(data)}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """Return none: an email address identifies nobody here, and is linked to nothing."""
        return []

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return none: the claims that rules use are stored encrypted in the session."""
        return {}


def get_provider(request: ConsoleRequest) -> ConsoleProvider:
    """Return the provider as allauth expects it."""
    return ConsoleProvider(request, app=get_adapter(request).get_app(request, ConsoleProvider.id))


def callback_url(request: ConsoleRequest) -> str:
    """Return the absolute redirect URI, which has to be registered at the provider."""
    return request.build_absolute_uri(reverse("signin-callback"))


def start_signin(request: ConsoleRequest, next_path: str, *, frame: dict[str, Any] | None = None) -> StartedSignIn:
    """Start a sign-in: make the authorization request (OpenID Connect Core 1.0, section 3.1.2.1).

    Args:
        next_path: the path to go to afterwards.
        frame: the frame that the session is for, if it is not for this browser.

    """
    configuration = provider_configuration()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    cookie, secret = store_attempt(request, state, Attempt(nonce, verifier, next_path, frame))
    prompt = {"prompt": settings.OIDC_PROMPT} if settings.OIDC_PROMPT else {}
    url = request_url(
        configuration,
        redirect_uri=callback_url(request),
        state=state,
        nonce=nonce,
        code_challenge=s256_challenge(verifier),
        **prompt,
    )
    return StartedSignIn(url, cookie, secret)


def request_url(configuration: ProviderConfiguration, **parameters: str) -> str:
    """Return the URL of an authorization request with these parameters and those that the settings determine."""
    query = {
        **settings.OIDC_AUTHORIZATION_PARAMETERS,
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "scope": " ".join(settings.OIDC_SCOPES),
        "code_challenge_method": "S256",
        **parameters,
    }
    endpoint = configuration.authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def read_callback(parameters: QueryDict) -> tuple[str, ProviderConfiguration]:
    """Check the parameters of the callback, except ``state``, and return its authorization code.

    OpenID Connect Core 1.0, sections 3.1.2.5 and 3.1.2.6.
    """
    configuration = provider_configuration()
    if len(parameters.getlist("iss")) > 1:
        raise InvalidIssuerParameter(recorded("signin.iss_repeated", "The parameter iss occurs more than once."))
    check_issuer_parameter(parameters.get("iss"), is_required=configuration.sends_iss)
    if "error" in parameters:
        raise ProviderDeclined(describe_error(parameters.get("error"), parameters.get("error_description")))
    code = parameters.get("code", "")
    if not code or len(parameters.getlist("code")) != 1:
        raise MissingCode
    return code, configuration


def check_issuer_parameter(issuer: str | None, *, is_required: bool) -> None:
    """Check the parameter ``iss`` of the callback (RFC 9207, section 2.4)."""
    if issuer is None and is_required:
        raise InvalidIssuerParameter(recorded("provider.iss_missing", "The parameter iss is missing."))
    if issuer is not None and issuer != settings.OIDC_ISSUER:
        raise InvalidIssuerParameter(describe_issuers(issuer, settings.OIDC_ISSUER))


def s256_challenge(verifier: str) -> str:
    """Return the code challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


provider_classes = [ConsoleProvider]  # allauth finds providers by this name
