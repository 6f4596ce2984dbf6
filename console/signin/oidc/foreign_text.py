"""Say what the provider said: its errors, and values of its documents, as one safe line.

Whatever comes from the provider may be anything: it is cut, without control characters, and without tokens and secrets.
"""

from typing import Any, Final

from console.recorded_text import RecordedText, join_texts, recorded
from console.redaction import redact

_MAX_CODE: Final = 60  # characters of an error code
_MAX_TEXT: Final = 300  # of a description; Entra ID's begin with what matters, and end with trace ids

_ERRORS: Final = {
    "access_denied": recorded("provider.access_denied", "You or the provider declined (access_denied)."),
    "login_required": recorded("provider.login_required", "It requires a new sign-in (login_required)."),
    "consent_required": recorded(
        "provider.consent_required_prompt",
        "It requires your consent (consent_required). The operator can let it ask for that: OIDC_PROMPT=consent.",
    ),
    "interaction_required": recorded(
        "provider.interaction_required", "It has to ask you first (interaction_required)."
    ),
    "temporarily_unavailable": recorded(
        "provider.temporarily_unavailable", "It is temporarily unavailable (temporarily_unavailable)."
    ),
    "server_error": recorded("provider.server_error", "It had an internal error (server_error)."),
    "invalid_scope": recorded(
        "provider.invalid_scope",
        "It does not allow this console one of the scopes of OIDC_SCOPES (invalid_scope). The operator has to remove "
        "it there, or allow it for the client.",
    ),
    "unauthorized_client": recorded(
        "provider.unauthorized_client",
        "It does not allow this client to do that (unauthorized_client). The operator has to allow it the grants "
        "authorization code and refresh token.",
    ),
    "invalid_grant": recorded("provider.invalid_grant", "The code is wrong, already used or expired (invalid_grant)."),
}
_OTHER_ERROR: Final = recorded("provider.other_error", "It answered with the error {error}.")
_UNNAMED_ERROR: Final = recorded("provider.unnamed_error", "It answered with an error without a name.")
_DESCRIPTION: Final = recorded("provider.error_description", "It says: “{description}”")

_ISSUERS: Final = recorded("provider.issuers", "Its issuer is {found}, and OIDC_ISSUER is {configured}.")
_ISSUERS_SLASH: Final = recorded(
    "provider.issuers_slash",
    "Its issuer is {found}, and OIDC_ISSUER is {configured}: they differ by the slash at the end. OIDC_ISSUER has to "
    "be the issuer, letter for letter.",
)
_ISSUERS_TENANT: Final = recorded(
    "provider.issuers_tenant",
    "Its issuer is {found}, and OIDC_ISSUER is {configured}: that is the address of all tenants. OIDC_ISSUER has to "
    "name your own tenant.",
)
_NO_ISSUER: Final = recorded("provider.no_issuer", "It names no issuer, and OIDC_ISSUER is {configured}.")


def foreign_text(value: Any, limit: int = _MAX_TEXT) -> str:
    """Return a text of the provider as one printable line without secrets; empty if it is not a text."""
    if not isinstance(value, str):
        return ""
    # The beginning is enough, and searching all of a megabyte for secrets is not.
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(value[: 10 * limit])).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def describe_error(error: Any, description: Any = None) -> RecordedText:
    """Return an error of the provider (RFC 6749, sections 4.1.2.1 and 5.2), known or not, with its description."""
    code, text = foreign_text(error, _MAX_CODE), foreign_text(description)
    sentence = _ERRORS.get(code) or (_OTHER_ERROR.format(error=code) if code else _UNNAMED_ERROR)
    return join_texts(sentence, _DESCRIPTION.format(description=text) if text else "")


def describe_issuers(found: Any, configured: str) -> RecordedText:
    """Return which issuer was found and which is configured, to the slash."""
    name = foreign_text(found)
    if not name:
        return _NO_ISSUER.format(configured=configured)
    if name.rstrip("/") == configured.rstrip("/"):
        return _ISSUERS_SLASH.format(found=name, configured=configured)
    return (_ISSUERS_TENANT if "{tenantid}" in name else _ISSUERS).format(found=name, configured=configured)
