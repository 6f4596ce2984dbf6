"""The authorization request and its callback: OpenID Connect Core 1.0, section 3.1.2, with PKCE (RFC 7636).

allauth's OpenID Connect provider, with a stricter start: PKCE S256, a nonce, and no parameter taken from the URL.
"""

import base64
import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlencode

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.http import QueryDict
from django.urls import reverse

from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.errors import InvalidIssuerParameter, InvalidState, MissingCode, ProviderDeclined
from console.signin.oidc.discovery import ProviderConfiguration, provider_configuration

MAX_PENDING: Final = 5  # sign-ins of one browser, in several tabs, that can be under way at once
PENDING_SECONDS: Final = 900  # for which a sign-in can be completed
_PENDING: Final = "signin"  # key of the session's data

_PROVIDER_ERRORS: Final = {
    "access_denied": recorded("provider.access_denied", "You or the provider declined (access_denied)."),
    "login_required": recorded("provider.login_required", "It requires a new sign-in (login_required)."),
    "consent_required": recorded("provider.consent_required", "It requires your consent (consent_required)."),
    "temporarily_unavailable": recorded(
        "provider.temporarily_unavailable", "It is temporarily unavailable (temporarily_unavailable)."
    ),
    "server_error": recorded("provider.server_error", "It had an internal error (server_error)."),
}


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """What the console remembers of a sign-in between the authorization request and its callback.

    Attributes:
        verifier: of PKCE (RFC 7636, section 4.1).
        next: the path to go to afterwards.
        at: when it started, in seconds since the epoch.
        frame: the frame that the session is for, if it is not for this browser (``frames/handover.py``).

    """

    nonce: str
    verifier: str
    next: str
    at: float
    frame: dict[str, Any] | None


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


def authorization_url(request: ConsoleRequest, next_path: str, *, frame: dict[str, Any] | None = None) -> str:
    """Start a sign-in: return the URL of the authorization request (OpenID Connect Core 1.0, section 3.1.2.1).

    Args:
        next_path: the path to go to afterwards.
        frame: the frame that the session is for, if it is not for this browser.

    """
    endpoint = provider_configuration().authorization_endpoint
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    _store_pending(request, state, PendingSignIn(nonce, verifier, next_path, time.time(), frame))
    parameters = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": callback_url(request),
        "scope": " ".join(settings.OIDC_SCOPES),
        "state": state,
        "nonce": nonce,
        "code_challenge": s256_challenge(verifier),
        "code_challenge_method": "S256",
    }
    if "offline_access" in settings.OIDC_SCOPES:
        parameters["prompt"] = "consent"  # OpenID Connect Core 1.0, section 11: required for offline access
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def read_callback(request: ConsoleRequest, parameters: QueryDict) -> tuple[str, PendingSignIn, ProviderConfiguration]:
    """Check the parameters of the callback and return its authorization code, for the sign-in that it belongs to.

    OpenID Connect Core 1.0, sections 3.1.2.5 and 3.1.2.6. Each callback works once.
    """
    state = parameters.get("state", "")
    if not state or len(parameters.getlist("state")) != 1:
        raise InvalidState
    pending = _pop_pending(request, state)
    configuration = provider_configuration()
    if len(parameters.getlist("iss")) > 1:
        raise InvalidIssuerParameter(recorded("signin.iss_repeated", "The parameter iss occurs more than once."))
    check_issuer_parameter(parameters.get("iss"), is_required=configuration.sends_iss)
    if "error" in parameters:
        raise ProviderDeclined(_PROVIDER_ERRORS.get(parameters.get("error", ""), ""))
    code = parameters.get("code", "")
    if not code or len(parameters.getlist("code")) != 1:
        raise MissingCode
    return code, pending, configuration


def check_issuer_parameter(issuer: str | None, *, is_required: bool) -> None:
    """Check the parameter ``iss`` of the callback (RFC 9207, section 2.4)."""
    if issuer is None and is_required:
        raise InvalidIssuerParameter(recorded("provider.iss_missing", "The parameter iss is missing."))
    if issuer is not None and issuer != settings.OIDC_ISSUER:
        raise InvalidIssuerParameter(recorded("provider.iss_other", "The parameter iss names another issuer."))


def s256_challenge(verifier: str) -> str:
    """Return the code challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _store_pending(request: ConsoleRequest, state: str, sign_in: PendingSignIn) -> None:
    pending = request.session.get(_PENDING) or {}
    while len(pending) >= MAX_PENDING:
        del pending[min(pending, key=lambda key: pending[key]["at"])]
    request.session[_PENDING] = {**pending, state: asdict(sign_in)}


def _pop_pending(request: ConsoleRequest, state: str) -> PendingSignIn:
    pending = request.session.get(_PENDING) or {}
    stored = pending.pop(state, None)
    request.session[_PENDING] = pending
    if stored is None or time.time() - stored["at"] > PENDING_SECONDS:
        raise InvalidState
    return PendingSignIn(**stored)


provider_classes = [ConsoleProvider]  # allauth finds providers by this name
