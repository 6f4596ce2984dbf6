"""Signing in: from the provider's callback to a session that belongs to the person."""

import datetime
import logging
from dataclasses import dataclass, field
from typing import Any

from allauth.socialaccount.internal.flows.login import complete_login
from django.conf import settings
from prometheus_client import Counter

from console.rate_limits import check_person_limit
from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.access.rules import relevant_claims, rule_claims
from console.signin.encryption import hash_provider_session
from console.signin.errors import InvalidState, SignInRefused, signin_failures
from console.signin.models import User
from console.signin.oidc.authorization import callback_url, get_provider, read_callback
from console.signin.oidc.claims import merge_claims, userinfo_claims
from console.signin.oidc.client import fetch_userinfo, redeem_code
from console.signin.oidc.id_token import audience_of, verify_id_token
from console.signin.return_to import restore_forms, saved_forms
from console.signin.session_secrets import MAX_HINT_LENGTH, SessionSecrets, decrypt_secrets, encrypt_secrets
from console.signin.tokens import revoke_session_tokens, token_expiry
from console.signin.user_agent import shorten_user_agent

logger = logging.getLogger(__name__)

signins = Counter("console_signins_total", "Completed sign-ins.")


@dataclass(frozen=True, slots=True)
class VerifiedSignIn:
    """A person whom the provider has signed in, before they have a session.

    Attributes:
        person: the verified claims of ID token and userinfo.
        from_userinfo: the names of those that come from userinfo.
        token_response: of the token endpoint.
        expires_at: when the access token expires; ``None`` if the provider does not say.
        next_path: the path to go to afterwards.
        frame: the frame that the session is for, if it is not for this browser.

    """

    person: dict[str, Any] = field(repr=False)
    from_userinfo: list[str]
    token_response: dict[str, Any] = field(repr=False)
    expires_at: datetime.datetime | None
    next_path: str
    frame: dict[str, Any] | None = None


def verify_callback(request: ConsoleRequest) -> VerifiedSignIn:
    """Check the provider's callback, redeem its code and verify who signed in.

    Raises:
        SignInRefused: one of the checks failed. A session that nobody is signed in to is deleted.

    """
    try:
        return _verify_callback(request)
    except SignInRefused as refused:
        record_refusal(refused)
        if request.actor is None:  # a forged callback must not sign anybody out
            request.session.flush()
        raise


def record_refusal(refused: SignInRefused) -> None:
    """Count a refused sign-in and write it to the operator's log."""
    signin_failures.labels(refused.code).inc()
    logger.warning("Sign-in refused: %s: %s", refused.code, refused.message)


def open_session(request: ConsoleRequest, sign_in: VerifiedSignIn) -> None:
    """Make the browser's session, with a new key, that of the person who signed in.

    If somebody is signed in to this browser already, their session ends and their tokens are revoked.
    """
    forms = saved_forms(request)
    _end_former_session(request)
    person = {**sign_in.person, **_display_names(sign_in.person)}
    user = _log_in(request, person)
    User.objects.filter(pk=user.pk).update(name=person["name"], email=person["email"])
    restore_forms(request, forms, (user.issuer, user.subject))
    request.session.save()
    refresh_token = sign_in.token_response.get("refresh_token")
    id_token = sign_in.token_response["id_token"]
    secrets = SessionSecrets(
        sign_in.token_response["access_token"],
        refresh_token if isinstance(refresh_token, str) else "",
        id_token if len(id_token) <= MAX_HINT_LENGTH else "",
        relevant_claims(settings.CONSOLE_ORGANIZATIONS, person),
        audience_of(person),
        sign_in.from_userinfo,
    )
    request.session.attach_user(
        user,
        encrypt_secrets(secrets),
        sign_in.expires_at,
        provider_session_hash=hash_provider_session(person.get("sid")),
        ip=request.ip,
        agent=shorten_user_agent(request.headers.get("User-Agent", "")),
    )
    signins.inc()
    logger.info("Signed in: %s", person["sub"])


def _end_former_session(request: ConsoleRequest) -> None:
    """End the session of the person who is signed in to this browser, if any, and revoke its tokens."""
    row = request.session.row
    if row is None or request.actor is None:
        return
    secrets = decrypt_secrets(row.secret)
    request.session.end()
    if secrets is not None:
        revoke_session_tokens(secrets)


def _verify_callback(request: ConsoleRequest) -> VerifiedSignIn:
    code, pending, configuration = read_callback(request, request.GET)
    response = redeem_code(configuration, code=code, verifier=pending.verifier, redirect_uri=callback_url(request))
    access_token = response["access_token"]
    claims = verify_id_token(response.get("id_token"), configuration, nonce=pending.nonce, access_token=access_token)
    check_person_limit("signin", settings.OIDC_ISSUER, claims["sub"])
    userinfo = fetch_userinfo(configuration, access_token, claims["sub"])
    return VerifiedSignIn(
        merge_claims(claims, userinfo),
        sorted(userinfo_claims(claims, userinfo) & rule_claims(settings.CONSOLE_ORGANIZATIONS)),
        response,
        token_expiry(response),
        pending.next,
        pending.frame,
    )


def _log_in(request: ConsoleRequest, person: dict[str, Any]) -> User:
    """Let allauth find or create the user, and log them in with a new session key."""
    login = get_provider(request).sociallogin_from_response(request, {"userinfo": person})
    login.state = {"process": "login"}
    complete_login(request, login)
    if not isinstance(request.user, User):
        raise InvalidState(recorded("signin.session_not_opened", "The session could not be opened."))
    return request.user


def _display_names(person: dict[str, Any]) -> dict[str, str]:
    return {
        "name": printable_line(person.get("name") or person.get("preferred_username")),
        "email": printable_line(person.get("email")),
    }


def printable_line(value: Any) -> str:
    """Return a name or address as one printable line of at most 255 characters; empty if it is not a string."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:255]).split())
