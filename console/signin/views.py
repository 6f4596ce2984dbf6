"""Signing in, signing out, staying signed in."""

import logging
from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.internal.flows.login import complete_login
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from prometheus_client import Counter

from console.signin import id_token, oidc
from console.signin.gate import public, signed_in
from console.signin.models import User
from console.signin.provider import check_issuer_parameter, provider, redirect_uri, take_pending
from console.signin.refusals import CodeMissing, ProviderSaidNo, SignInRefused, StateWrong
from console.signin.returning import forms_kept, hand_over, note_former, safe_path
from console.signin.rules import rule_claims
from console.signin.tokens import Secret, expiry, seal, unseal

logger = logging.getLogger(__name__)

failures = Counter("console_signin_failures_total", "Sign-ins refused, by reason.", ["reason"])

_SHOWN_ERRORS = {
    "access_denied": "You or the provider declined (access_denied).",
    "login_required": "It asks for a sign-in first (login_required).",
    "consent_required": "It asks for your consent (consent_required).",
    "temporarily_unavailable": "It is not available at the moment (temporarily_unavailable).",
    "server_error": "It failed (server_error).",
}


@public
@require_GET
def signin(request: HttpRequest) -> HttpResponse:
    """``GET /signin/``: on to the provider. Of the address only ``next`` counts."""
    next_path = safe_path(request.GET.get("next"))
    if request.actor is not None:
        return HttpResponseRedirect(next_path)
    note_former(request)
    return provider(request).start(request, next_path)


@public
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """``GET /signin/callback/``: what the provider sends the browser back with."""
    try:
        return _sign_in(request)
    except SignInRefused as refused:
        failures.labels(refused.code).inc()
        logger.warning("Sign-in refused: %s: %s", refused.code, refused.message)
        if request.actor is None:
            request.session.flush()  # nothing of it remains; whoever is signed in already stays so
        raise


@public
@require_http_methods(["GET", "POST"])
def signout(request: HttpRequest) -> HttpResponse:
    """``POST /signout/`` signs out, here and at the provider; ``GET`` is where that ends."""
    if request.method == "GET" or request.actor is None:
        return render(request, "signin/signed_out.html")
    row = request.session.row  # type: ignore[attr-defined]
    secret = unseal(row.secret)
    logger.info("Signed out: %s", request.actor.subject)
    request.session.end()  # type: ignore[attr-defined]
    request.actor = None
    return HttpResponseRedirect(
        _goodbye(request, secret), status=303, headers={"Clear-Site-Data": '"cache", "storage"'}
    )


@signed_in
@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """``POST /session/stay/``: the person is still there. Answers when the session ends now."""
    ends = request.session.ends_at  # type: ignore[attr-defined]
    return HttpResponse(status=204, headers={"X-Session-Ends": ends.isoformat() if ends else ""})


def _sign_in(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    if not state or len(request.GET.getlist("state")) != 1:
        raise StateWrong
    pending = take_pending(request, state)
    config = oidc.configuration()
    check_issuer_parameter(config, request.GET.get("iss"))
    if "error" in request.GET:
        raise ProviderSaidNo(_SHOWN_ERRORS.get(request.GET["error"], ""))
    code = request.GET.get("code", "")
    if not code or len(request.GET.getlist("code")) != 1:
        raise CodeMissing
    answer = oidc.redeem(config, code=code, verifier=pending["verifier"], redirect_uri=redirect_uri(request))
    access_token = answer["access_token"]
    claims = id_token.verify(answer.get("id_token"), config, nonce=pending["nonce"], access_token=access_token)
    person = {**claims, **oidc.userinfo(config, access_token, claims["sub"])}
    _open_session(request, person, answer)
    return HttpResponseRedirect(pending["next"])


def _open_session(request: HttpRequest, person: dict[str, Any], answer: dict[str, Any]) -> None:
    """Through allauth to a signed-in session with a new key."""
    kept = forms_kept(request)
    if request.actor is not None:
        request.session.end()  # type: ignore[attr-defined]
    person = {**person, "name": _text(person.get("name") or person.get("preferred_username")), "email": _email(person)}
    login = provider(request).sociallogin_from_response(request, {"userinfo": person})
    login.state = {"process": "login"}
    complete_login(request, login)
    user = request.user
    if not isinstance(user, User):
        raise StateWrong("The session could not be opened.")
    User.objects.filter(pk=user.pk).update(name=person["name"], email=person["email"])
    hand_over(request, kept, (user.issuer, user.subject))
    request.session.save()
    refresh_token = answer.get("refresh_token")
    secret = Secret(
        answer["access_token"],
        refresh_token if isinstance(refresh_token, str) else "",
        answer["id_token"],
        {name: person[name] for name in rule_claims(settings.CONSOLE_ORGANIZATIONS) if name in person},
    )
    request.session.hold(user, seal(secret), expiry(answer))  # type: ignore[attr-defined]
    logger.info("Signed in: %s", person["sub"])


def _email(person: dict[str, Any]) -> str:
    return _text(person.get("email"))


def _text(value: Any) -> str:
    """A name or address as one printable line; the provider's free text goes no further than this."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:255]).split())


def _goodbye(request: HttpRequest, secret: Secret | None) -> str:
    """Revoke both tokens; where to end the provider's session (OpenID Connect RP-Initiated Logout 1.0)."""
    here = reverse("signout")
    try:
        config = oidc.configuration()
    except SignInRefused:
        return here
    if secret:
        oidc.revoke(config, secret.refresh_token, "refresh_token")
        oidc.revoke(config, secret.access_token, "access_token")
    if not config.end_session_endpoint:
        return here
    query = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": request.build_absolute_uri(here)}
    if secret:
        query["id_token_hint"] = secret.id_token
    separator = "&" if "?" in config.end_session_endpoint else "?"
    return f"{config.end_session_endpoint}{separator}{urlencode(query)}"
