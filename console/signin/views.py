"""The pages to sign in, sign out and stay signed in."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import get_script_prefix
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.embedding import is_framed
from console.rate_limits import rate_limited
from console.request import ConsoleRequest
from console.signin.access.gate import public, signed_in
from console.signin.attempts import take_attempt
from console.signin.frames.views import frame_code_page, frame_signin_page
from console.signin.login import open_session, verify_callback
from console.signin.logout import SignOut, remember_sign_out, remembered_values, sign_out, sign_out_values
from console.signin.oidc.authorization import start_signin
from console.signin.return_to import safe_path, signin_path


@public
@rate_limited("signin")
@require_GET
def signin(request: ConsoleRequest) -> HttpResponse:
    """``GET /signin/``: redirect to the provider. Only ``next`` is read from the URL."""
    next_path = safe_path(request.GET.get("next"))
    if request.actor is not None:
        return HttpResponseRedirect(next_path)
    if is_framed(request):  # providers refuse to be shown in a frame
        return frame_signin_page(request, next_path)
    return start_signin(request, next_path).redirect()


@public
@rate_limited("signin")
@require_GET
def signin_callback(request: ConsoleRequest) -> HttpResponse:
    """``GET /signin/callback/``: the provider sends the browser back here.

    Whoever is signed in, from another tab or because the address is loaded again, goes to their page: the code of this
    callback is redeemed by nobody. A tab that comes back too late starts again by itself.
    """
    states = request.GET.getlist("state")
    attempt = take_attempt(request, states[0] if len(states) == 1 else "")
    is_for_frame = attempt is not None and attempt.frame is not None
    if not is_for_frame and request.actor is not None:
        return HttpResponseRedirect(attempt.next if attempt else get_script_prefix())
    if not is_for_frame and attempt is not None and attempt.is_stale:
        return HttpResponseRedirect(signin_path(attempt.next))
    sign_in = verify_callback(request, attempt)
    if sign_in.frame:
        return frame_code_page(request, sign_in)
    open_session(request, sign_in)
    return HttpResponseRedirect(sign_in.next_path)


@public
@rate_limited("")
@require_http_methods(["GET", "POST"])
def signout(request: ConsoleRequest) -> HttpResponse:
    """``POST /signout/`` signs out, here and at the provider; ``GET`` is the page at the end."""
    if request.method == "GET" or request.actor is None:
        return render(request, "signin/signed_out.html", {**remembered_values(request), "embedded": False})
    result = sign_out(request, request.actor)
    response = _signed_out_response(request, result)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _signed_out_response(request: ConsoleRequest, result: SignOut) -> HttpResponse:
    """Answer a sign-out with the page at the end, which goes on to the provider's by itself.

    A redirect of a form can be blocked: some browsers apply ``form-action`` to each redirect, also to those between
    the provider's hosts. Then the page from which the person signed out would stay, with its data. So a browser gets
    the page first. Only a client that does not say that it navigates (Fetch Metadata) is redirected.
    """
    if result.provider_url and not is_framed(request):
        remember_sign_out(request, result)
        if request.headers.get("Sec-Fetch-Mode") != "navigate":
            return HttpResponseRedirect(result.provider_url, status=303)
    values = {**sign_out_values(result), "embedded": is_framed(request)}
    response = render(request, "signin/signed_out.html", values)
    if result.provider_url and not is_framed(request):  # a provider refuses to be shown in a frame: a link has to do
        response.headers["Refresh"] = f"0; url={result.provider_url}"
    return response


@signed_in
@rate_limited("")
@require_POST
def extend_session(request: ConsoleRequest) -> HttpResponse:
    """``POST /session/stay/``: reset the idle limit. The answer says when the session ends now."""
    ends_at = request.session.ends_at
    return HttpResponse(status=204, headers={"X-Session-Ends": ends_at.isoformat() if ends_at else ""})
