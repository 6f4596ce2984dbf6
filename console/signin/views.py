"""The pages to sign in, sign out and stay signed in."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.embedding import is_framed
from console.rate_limits import rate_limited
from console.request import ConsoleRequest
from console.signin.access.gate import public, signed_in
from console.signin.frames.views import frame_signin_page, handover_page
from console.signin.login import open_session, verify_callback
from console.signin.logout import sign_out
from console.signin.oidc.authorization import authorization_url
from console.signin.return_to import remember_former_person, safe_path


@public
@rate_limited("signin")
@require_GET
def signin(request: ConsoleRequest) -> HttpResponse:
    """``GET /signin/``: redirect to the provider. Only ``next`` is read from the URL."""
    next_path = safe_path(request.GET.get("next"))
    if request.actor is not None:
        return HttpResponseRedirect(next_path)
    remember_former_person(request)
    if is_framed(request):  # providers refuse to be shown in a frame
        return frame_signin_page(request, next_path)
    return HttpResponseRedirect(authorization_url(request, next_path))


@public
@rate_limited("signin")
@require_GET
def signin_callback(request: ConsoleRequest) -> HttpResponse:
    """``GET /signin/callback/``: the provider sends the browser back here."""
    sign_in = verify_callback(request)
    if sign_in.frame:
        return handover_page(request, sign_in)
    open_session(request, sign_in)
    return HttpResponseRedirect(sign_in.next_path)


@public
@rate_limited("")
@require_http_methods(["GET", "POST"])
def signout(request: ConsoleRequest) -> HttpResponse:
    """``POST /signout/`` signs out, here and at the provider; ``GET`` is the page at the end."""
    if request.method == "GET" or request.actor is None:
        return render(request, "signin/signed_out.html", {"provider_signout": ""})
    provider_logout = sign_out(request, request.actor)
    response: HttpResponse = HttpResponseRedirect(provider_logout, status=303)
    if is_framed(request):  # the provider's logout page is not shown in a frame: link to it
        response = render(request, "signin/signed_out.html", {"provider_signout": provider_logout})
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@signed_in
@rate_limited("")
@require_POST
def extend_session(request: ConsoleRequest) -> HttpResponse:
    """``POST /session/stay/``: reset the idle limit. The answer says when the session ends now."""
    ends_at = request.session.ends_at
    return HttpResponse(status=204, headers={"X-Session-Ends": ends_at.isoformat() if ends_at else ""})
