"""The claims that the sandbox's provider issues."""

from collections.abc import Iterable
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.contrib.auth import get_user_model

from console.sandbox.people import PEOPLE


class ClaimsAdapter(DefaultOIDCAdapter):
    """Adds stable subjects, groups, and RFC 9207 in the discovery document."""

    def get_claims(self, purpose: Any, user: Any, client: Any, scopes: Iterable[str], **kwargs: Any) -> dict[str, Any]:
        """Return the standard claims of the scopes, and ``groups`` and ``roles``."""
        person = PEOPLE[user.username]
        claims: dict[str, Any] = {"sub": person.subject}
        if "profile" in scopes:
            claims |= {"name": person.name, "preferred_username": person.key}
            claims |= {"groups": list(person.groups), "roles": []}
        if "email" in scopes:
            claims |= {"email": person.email, "email_verified": True}
        return claims

    def get_user_sub(self, client: Any, user: Any) -> str:
        """Return the person's subject."""
        return PEOPLE[user.username].subject

    def get_user_by_sub(self, client: Any, sub: str) -> Any:
        """Return the user with a subject."""
        return get_user_model().objects.filter(username=sub.removeprefix("person-")).first()

    def populate_server_metadata(self, data: dict[str, Any]) -> None:
        """Announce that authorization responses contain ``iss``."""
        data["authorization_response_iss_parameter_supported"] = True
