"""What the sandbox's provider tells of its people."""

from collections.abc import Iterable
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.contrib.auth import get_user_model

from console.sandbox.people import PEOPLE


class Adapter(DefaultOIDCAdapter):
    """Stable subjects, groups, and RFC 9207 in the discovery document."""

    def get_claims(self, purpose: Any, user: Any, client: Any, scopes: Iterable[str], **kwargs: Any) -> dict[str, Any]:
        """Standard claims by scope, with ``groups`` and ``roles``."""
        person = PEOPLE[user.username]
        claims: dict[str, Any] = {"sub": person.subject}
        if "profile" in scopes:
            claims |= {"name": person.name, "preferred_username": person.key}
            claims |= {"groups": list(person.groups), "roles": []}
        if "email" in scopes:
            claims |= {"email": person.email, "email_verified": True}
        return claims

    def get_user_sub(self, client: Any, user: Any) -> str:
        """The person's stable subject."""
        return PEOPLE[user.username].subject

    def get_user_by_sub(self, client: Any, sub: str) -> Any:
        """The reverse of it."""
        return get_user_model().objects.filter(username=sub.removeprefix("person-")).first()

    def populate_server_metadata(self, data: dict[str, Any]) -> None:
        """Say that ``iss`` comes with the authorization response."""
        data["authorization_response_iss_parameter_supported"] = True
