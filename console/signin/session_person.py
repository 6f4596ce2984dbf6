"""Who a session belongs to, for work that goes on without a request of theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from console.signin.access.gate import Actor
from console.signin.access.rules import Role
from console.signin.models import Session
from console.signin.session_secrets import decrypt_secrets
from console.signin.sessions import is_session_active
from console.signin.tokens import SessionToken


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """A person who is signed in, with the access token of their session."""

    actor: Actor
    claims: Mapping[str, Any] = field(repr=False)
    tokens: SessionToken

    def role_in(self, organization_id: str) -> Role | None:
        """Return the role that the person has in an organization."""
        organization = settings.CONSOLE_ORGANIZATIONS.find(organization_id)
        return organization.role_of(self.claims) if organization else None


def person_of_session(session_id: str) -> SessionPerson | None:
    """Return whose session it is; ``None`` if it has ended. Using it is no activity: its idle limit stays.

    Args:
        session_id: the primary key of the session's row.

    Raises:
        SignInEnded: the provider has just refused to tell the person's claims again.

    """
    row = Session.objects.select_related("user").filter(pk=session_id).first()
    if row is None or row.user is None or not is_session_active(row):
        return None
    secrets = decrypt_secrets(row.secret)
    if secrets is None:
        return None
    actor = Actor(row.user.issuer, row.user.subject, row.user.name, row.user.email)
    tokens = SessionToken(row.key_hash)
    claims = tokens.update_claims(row)
    return SessionPerson(actor, secrets.claims if claims is None else claims, tokens)
