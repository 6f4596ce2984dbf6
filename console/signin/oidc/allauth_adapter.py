"""allauth's two places to override: no local accounts, and a person is an issuer and a subject."""

import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings

from console.request import ConsoleRequest


class AccountAdapter(DefaultAccountAdapter):
    """No local sign-up, and none of allauth's own messages."""

    def is_open_for_signup(self, request: ConsoleRequest) -> bool:
        """Nobody gets an account but through the provider."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say what there is to say."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """The provider comes from the settings alone; no e-mail address ever links two people."""

    def list_apps(self, request: ConsoleRequest | None, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """The one application."""
        # Another issuer is another provider: its subjects are other people.
        name = hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()[:24]
        return [
            SocialApp(
                provider="openid_connect",
                provider_id=f"oidc-{name}",
                name=settings.OIDC_PROVIDER_NAME,
                client_id=settings.OIDC_CLIENT_ID,
                secret=settings.OIDC_CLIENT_SECRET,
                settings={"server_url": settings.OIDC_ISSUER},
            )
        ]

    def is_open_for_signup(self, request: ConsoleRequest, sociallogin: Any) -> bool:
        """Whoever the provider vouches for; the gate decides what they may open."""
        return True

    def is_auto_signup_allowed(self, request: ConsoleRequest, sociallogin: Any) -> bool:
        """There is no form to fill in."""
        return True

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Never."""
        return False

    def populate_user(self, request: ConsoleRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Identify the person."""
        user = sociallogin.user
        user.issuer, user.subject = settings.OIDC_ISSUER, data["sub"]
        user.name, user.email = str(data.get("name") or ""), str(data.get("email") or "")
        return user
