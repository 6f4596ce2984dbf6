"""Signing in, signing out, staying signed in."""

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.embedding import is_framed
from console.rate_limits import check_person, counted_as
from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin.access.gate import public, signed_in
from console.signin.errors import CodeMissing, ProviderSaidNo, SignInRefused, StateWrong, failures
from console.signin.frames.views import ask_in_frame, hand_to_frame
from console.signin.login import open_session
from console.signin.oidc import client, id_token
from console.signin.oidc.authorization import check_issuer_parameter, provider, redirect_uri, take_pending
from console.signin.return_to import note_former, safe_path
from console.signin.tokens import Secret, expiry, revoke, unseal

logger = logging.getLogger(__name__)

_SHOWN_ERRORS = {
    "access_denied": recorded("You or the provider declined (access_denied)."),
    "login_required": recorded("It asks for a sign-in first (login_required)."),
    "consent_required": recorded("It asks for your consent (consent_required)."),
    "temporarily_unavailable": recorded("It is not available at the moment (temporarily_unavailable)."),
    "server_error": recorded("It failed (server_error)."),
}


@public
@counted_as("signin")
@require_GET
def signin(request: ConsoleRequest) -> HttpResponse:
    """``GET /signin/``: on to the provider. Of the address only ``next`` counts."""
    next_path = safe_path(request.GET.get("next"))
    if request.actor is not None:
        return HttpResponseRedirect(next_path)
    note_former(request)
    if is_framed(request):
        return ask_in_frame(request, next_path)
    return provider(request).start(request, next_path)


@public
@counted_as("signin")
@require_GET
def callback(request: ConsoleRequest) -> HttpResponse:
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
@counted_as("")
@require_http_methods(["GET", "POST"])
def signout(request: ConsoleRequest) -> HttpResponse:
    """``POST /signout/`` signs out, here and at the provider; ``GET`` is where that ends."""
    row = request.session.row
    if request.method == "GET" or request.actor is None or row is None:
        return render(request, "signin/signed_out.html")
    secret = unseal(row.secret)
    logger.info("Signed out: %s", request.actor.subject)
    request.session.end()
    request.actor = None
    farewell = _goodbye(request, secret)
    response: HttpResponse = HttpResponseRedirect(farewell, status=303)
    if is_framed(request):  # in which the provider does not show
        response = render(request, "signin/signed_out.html", {"farewell": farewell})
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@signed_in
@counted_as("")
@require_POST
def stay(request: ConsoleRequest) -> HttpResponse:
    """``POST /session/stay/``: the person is still there. Answers when the session ends now."""
    ends = request.session.ends_at
    return HttpResponse(status=204, headers={"X-Session-Ends": ends.isoformat() if ends else ""})


def _sign_in(request: ConsoleRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    if not state or len(request.GET.getlist("state")) != 1:
        raise StateWrong
    pending = take_pending(request, state)
    config = client.configuration()
    check_issuer_parameter(config, request.GET.get("iss"))
    if "error" in request.GET:
        raise ProviderSaidNo(_SHOWN_ERRORS.get(request.GET["error"], ""))
    code = request.GET.get("code", "")
    if not code or len(request.GET.getlist("code")) != 1:
        raise CodeMissing
    answer = client.redeem(config, code=code, verifier=pending["verifier"], redirect_uri=redirect_uri(request))
    access_token = answer["access_token"]
    claims = id_token.verify(answer.get("id_token"), config, nonce=pending["nonce"], access_token=access_token)
    check_person("signin", settings.OIDC_ISSUER, claims["sub"])
    person = {**claims, **client.userinfo(config, access_token, claims["sub"])}
    if frame := pending.get("frame"):
        return hand_to_frame(request, frame, person, answer)
    open_session(request, person, answer, ends=expiry(answer))
    return HttpResponseRedirect(pending["next"])


def _goodbye(request: ConsoleRequest, secret: Secret | None) -> str:
    """Revoke both tokens; where to end the provider's session (OpenID Connect RP-Initiated Logout 1.0)."""
    here = reverse("signout")
    try:
        config = client.configuration()
    except SignInRefused:
        return here
    if secret:
        revoke(secret)
    if not config.end_session_endpoint:
        return here
    query = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": request.build_absolute_uri(here)}
    if secret:
        query["id_token_hint"] = secret.id_token
    separator = "&" if "?" in config.end_session_endpoint else "?"
    return f"{config.end_session_endpoint}{separator}{urlencode(query)}"
