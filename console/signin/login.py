"""Signing in: from the provider's callback to a session that belongs to the person."""

import datetime
import logging
from dataclasses import dataclass, field
from typing import Any

from allauth.socialaccount.internal.flows.login import complete_login
from django.conf import settings
from prometheus_client import Counter

from console.plain_text import has_visible, one_line
from console.rate_limits import check_person_limit
from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.access.rules import rule_claims
from console.signin.access.stored_claims import relevant_claims
from console.signin.attempts import Attempt
from console.signin.encryption import hash_provider_session
from console.signin.errors import InvalidState, SignInRefused, signin_failures
from console.signin.models import User
from console.signin.oidc.authorization import callback_url, get_provider, read_callback
from console.signin.oidc.claims import merge_claims, userinfo_claims
from console.signin.oidc.client import fetch_userinfo, redeem_code
from console.signin.oidc.id_token import audience_of, verify_id_token
from console.signin.oidc.refresh_hint import refresh_hint
from console.signin.revocation import revoke_session_tokens
from console.signin.session_secrets import MAX_HINT_LENGTH, SessionSecrets, decrypt_secrets, encrypt_secrets
from console.signin.tokens import token_expiry
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


def verify_callback(request: ConsoleRequest, attempt: Attempt | None) -> VerifiedSignIn:
    """Check the provider's callback, redeem its code and verify who signed in.

    Args:
        attempt: what this browser had started, if the callback belongs to anything.

    Raises:
        SignInRefused: one of the checks failed. That ends this attempt and nothing else.

    """
    try:
        if attempt is None or attempt.is_stale:
            raise InvalidState
        return _verify_callback(request, attempt)
    except SignInRefused as refused:
        record_refusal(refused)
        raise


def record_refusal(refused: SignInRefused) -> None:
    """Count a refused sign-in and write it to the operator's log."""
    signin_failures.labels(refused.code).inc()
    logger.warning("Sign-in refused: %s: %s", refused.code, refused.message)


def open_session(request: ConsoleRequest, sign_in: VerifiedSignIn) -> None:
    """Make the browser's session, with a new key, that of the person who signed in.

    If somebody is signed in to this browser already, their session ends and their tokens are revoked.
    """
    _end_former_session(request)
    person = {**sign_in.person, **_display_names(sign_in.person)}
    user = _log_in(request, person)
    User.objects.filter(pk=user.pk).update(name=person["name"], email=person["email"])
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
    if not secrets.refresh_token:
        logger.warning("No refresh token came, so the session ends with its access token. %s", refresh_hint())


def _end_former_session(request: ConsoleRequest) -> None:
    """End the session of the person who is signed in to this browser, if any, and revoke its tokens."""
    row = request.session.row
    if row is None or request.actor is None:
        return
    secrets = decrypt_secrets(row.secret)
    request.session.end()
    if secrets is not None:
        revoke_session_tokens(secrets)


def _verify_callback(request: ConsoleRequest, attempt: Attempt) -> VerifiedSignIn:
    code, configuration = read_callback(request.GET)
    response = redeem_code(configuration, code=code, verifier=attempt.verifier, redirect_uri=callback_url(request))
    access_token = response["access_token"]
    claims = verify_id_token(response.get("id_token"), configuration, nonce=attempt.nonce, access_token=access_token)
    check_person_limit("signin", settings.OIDC_ISSUER, claims["sub"])
    is_optional = settings.OIDC_USERINFO == "optional"
    userinfo = fetch_userinfo(configuration, access_token, claims["sub"], is_optional=is_optional) or {}
    return VerifiedSignIn(
        merge_claims(claims, userinfo),
        sorted(userinfo_claims(claims, userinfo) & rule_claims(settings.CONSOLE_ORGANIZATIONS)),
        response,
        token_expiry(response),
        attempt.next,
        attempt.frame,
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
        "name": _visible_line(person.get("name")) or _visible_line(person.get("preferred_username")),
        "email": _visible_line(person.get("email")),
    }


def _visible_line(value: Any) -> str:
    """Return a name or address on one line, letter for letter; empty if it is not a string, or nothing is visible."""
    line = one_line(value, limit=255) if isinstance(value, str) else ""
    return line if has_visible(line) else ""
