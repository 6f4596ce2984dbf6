"""Adapters for allauth: there are no local accounts, and issuer and subject identify a person."""

import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings

from console.request import ConsoleRequest


class AccountAdapter(DefaultAccountAdapter):
    """Turns off local sign-up and allauth's own messages."""

    def is_open_for_signup(self, request: ConsoleRequest) -> bool:
        """Return False: accounts come from the provider only."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Add none: the console's pages say what happened."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Takes the provider from the settings only, and never links people by email address."""

    def list_apps(self, request: ConsoleRequest | None, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """Return the one application, made from ``OIDC_*``."""
        # The id depends on the issuer: the same subject at another issuer is another person.
        issuer_hash = hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()[:24]
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=f"oidc-{issuer_hash}",
                name=settings.OIDC_PROVIDER_NAME,
                client_id=settings.OIDC_CLIENT_ID,
                secret=settings.OIDC_CLIENT_SECRET,
                settings={"server_url": settings.OIDC_ISSUER},
            )
        ]

    def is_open_for_signup(self, request: ConsoleRequest, sociallogin: Any) -> bool:
        """Return True for everybody at the provider; the gate decides what they may open."""
        return True

    def is_auto_signup_allowed(self, request: ConsoleRequest, sociallogin: Any) -> bool:
        """Return True: there is no sign-up form."""
        return True

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Return False."""
        return False

    def populate_user(self, request: ConsoleRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Copy the provider's claims to the user."""
        user = sociallogin.user
        user.issuer, user.subject = settings.OIDC_ISSUER, data["sub"]
        user.name, user.email = str(data.get("name") or ""), str(data.get("email") or "")
        return user
