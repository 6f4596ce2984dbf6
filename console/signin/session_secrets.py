"""The secrets of a session: tokens, and the claims that rules use. They are stored encrypted."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.conf import settings
from django.db import connection

from console.redaction import note_secrets
from console.signin.access.rules import rule_claims
from console.signin.access.stored_claims import relevant_claims
from console.signin.encryption import decrypt_json, encrypt_json
from console.signin.models import Session
from console.signin.oidc.claims import reread_claims

MAX_HINT_LENGTH: Final = 4096
"""Of a stored ID token, in characters. It is used in the logout URL only, where it is optional, and many servers refuse
URLs of more than 8 kB."""


@dataclass(frozen=True, slots=True)
class SessionSecrets:
    """The part of a session that is stored encrypted.

    Attributes:
        id_token: for the provider's logout URL; empty if it is too long for that.
        claims: those that rules use.
        audience: ``aud`` of the ID token of the sign-in; one that comes with a refresh must have the same.
        from_userinfo: the names of the claims that userinfo carried; the others come from the ID token.

    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    audience: list[str] = field(repr=False)
    from_userinfo: list[str] = field(repr=False)


def encrypt_secrets(secrets: SessionSecrets) -> str:
    """Encrypt with the first of ``TOKEN_ENCRYPTION_KEYS``."""
    _note(secrets)
    return encrypt_json({name: getattr(secrets, name) for name in SessionSecrets.__slots__})


def decrypt_secrets(text: str) -> SessionSecrets | None:
    """Decrypt the ``secret`` of a session; ``None`` if none of the keys fits (any more)."""
    try:
        secrets = SessionSecrets(**decrypt_json(text))
    except (ValueError, TypeError):
        return None
    _note(secrets)
    return secrets


def is_current(key_hash: str, text: str) -> bool:
    """Return whether the session goes on with just this ``secret``, which no two encryptions have in common.

    It is asked before each call of the directory, so that what ended the sign-in elsewhere ends a long request, too.
    """
    table = Session._meta.db_table
    statement = f"SELECT 1 FROM {table} WHERE key_hash = %s AND secret = %s AND ended_at IS NULL"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [key_hash, text])
        return cursor.fetchone() is not None


def _note(secrets: SessionSecrets) -> None:
    """From here on, no text that is shown, logged or recorded repeats these tokens."""
    note_secrets(secrets.access_token, secrets.refresh_token, secrets.id_token)


def with_current_claims(
    secrets: SessionSecrets, *, id_token: dict[str, Any] | None, userinfo: dict[str, Any] | None
) -> SessionSecrets:
    """Return the secrets with the claims that these documents carry now."""
    claims, names = reread_claims(secrets.claims, secrets.from_userinfo, id_token=id_token, userinfo=userinfo)
    organizations = settings.CONSOLE_ORGANIZATIONS
    return replace(
        secrets,
        claims=relevant_claims(organizations, claims),
        from_userinfo=sorted(names & rule_claims(organizations)),
    )
