"""allauth's OpenID Connect provider, held to a stricter start: PKCE S256, nonce, and nothing settable from outside."""

import base64
import hashlib
import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.http import HttpResponseRedirect
from django.urls import reverse

from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.errors import IssuerParameterWrong, StateWrong
from console.signin.oidc import client

PENDING: Final = "signin"
MOST_PENDING: Final = 5  # tabs that may be signing in at once
PENDING_SECONDS: Final = 900


class ConsoleProvider(OpenIDConnectProvider):
    """The one provider, configured by ``OIDC_*``."""

    id = "openid_connect"

    def get_callback_url(self) -> str:
        """The path of the redirect URI."""
        return reverse("signin-callback")

    def extract_uid(self, data: dict[str, Any]) -> str:
        """The subject; where it is longer than allauth's column (191), its hash."""
        subject = super().extract_uid(data)
        return subject if len(subject) <= 191 else f"sha256:{hashlib.sha256(subject.encode()).hexdigest()}"

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """With the subject as it is, and without an address, which allauth would hold against other people's."""
        fields: dict[str, Any] = super().extract_common_fields(data)
        return {**fields, "email": None, "sub": super().extract_uid(data)}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """None: an address identifies nobody here, and is linked to nothing."""
        return []

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """None: what the rules look at lives in the session, encrypted."""
        return {}

    def start(
        self, request: ConsoleRequest, next_path: str, *, frame: dict[str, Any] | None = None
    ) -> HttpResponseRedirect:
        """Send the browser to the provider (OpenID Connect Core 1.0, section 3.1.2.1; RFC 7636).

        Args:
            next_path: where to go afterwards.
            frame: whom the sign-in is handed to, where it is not for this browser's own session (``framed.py``).

        """
        config = client.configuration()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        kept = {"nonce": nonce, "verifier": verifier, "next": next_path, "at": time.time(), "frame": frame}
        _remember(request, state, kept)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": settings.OIDC_CLIENT_ID,
                "redirect_uri": redirect_uri(request),
                "scope": " ".join(settings.OIDC_SCOPES),
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                # OpenID Connect Core 1.0, section 11: offline access is granted with consent only
                **({"prompt": "consent"} if "offline_access" in settings.OIDC_SCOPES else {}),
            }
        )
        separator = "&" if "?" in config.authorization_endpoint else "?"
        return HttpResponseRedirect(f"{config.authorization_endpoint}{separator}{query}")


def provider(request: ConsoleRequest) -> ConsoleProvider:
    """The provider, as allauth sees it."""
    return ConsoleProvider(request, app=get_adapter(request).get_app(request, ConsoleProvider.id))


def redirect_uri(request: ConsoleRequest) -> str:
    """The address to register at the provider."""
    return request.build_absolute_uri(reverse("signin-callback"))


def take_pending(request: ConsoleRequest, state: str) -> dict[str, Any]:
    """What was kept under ``state`` when the sign-in began, once."""
    pending = request.session.get(PENDING) or {}
    kept: dict[str, Any] | None = pending.pop(state, None)
    request.session[PENDING] = pending
    if kept is None or time.time() - kept["at"] > PENDING_SECONDS:
        raise StateWrong
    return kept


def check_issuer_parameter(config: client.Configuration, given: str | None) -> None:
    """RFC 9207, section 2.4."""
    if given is None and config.says_iss:
        raise IssuerParameterWrong(recorded("The parameter iss is missing."))
    if given is not None and given != settings.OIDC_ISSUER:
        raise IssuerParameterWrong(recorded("The parameter iss names another one."))


def _remember(request: ConsoleRequest, state: str, kept: dict[str, Any]) -> None:
    pending = request.session.get(PENDING) or {}
    while len(pending) >= MOST_PENDING:
        del pending[min(pending, key=lambda one: pending[one]["at"])]
    request.session[PENDING] = {**pending, state: kept}


provider_classes = [ConsoleProvider]
