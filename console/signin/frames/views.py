"""Signing in if the console is a frame of another page: the page in the frame, and the window that it opens.

``frame_signin.py`` explains how the two find each other, and why nobody else can intervene.
"""

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import get_script_prefix
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.embedding import allow_opener
from console.error_pages import not_found
from console.rate_limits import rate_limited
from console.request import ConsoleRequest
from console.signin.access.gate import public
from console.signin.frames import frame_signin
from console.signin.login import VerifiedSignIn, open_session
from console.signin.oidc.authorization import start_signin


def frame_signin_page(request: ConsoleRequest, next_path: str) -> HttpResponse:
    """Return the page in the frame, which opens the window and waits for it."""
    challenge = frame_signin.expect_frame_signin(request, next_path)
    values = {"challenge": challenge, "proof": frame_signin.frame_proof(challenge), "next_path": next_path}
    return render(request, "signin/frame_signin.html", values)


def frame_code_page(request: ConsoleRequest, sign_in: VerifiedSignIn) -> HttpResponse:
    """Return the last page of the window: the sign-in waits for the frame, and the page has the code."""
    frame = sign_in.frame or {}
    code = frame_signin.store_frame_signin(frame["challenge"], is_proven=frame["is_proven"], sign_in=sign_in)
    values = {"challenge": frame["challenge"], "is_proven": frame["is_proven"], "code": f"{code[:5]}-{code[5:]}"}
    return allow_opener(render(request, "signin/frame_completed.html", values))


@public
@require_http_methods(["GET", "POST"])
def signin_window(request: ConsoleRequest) -> HttpResponse:
    """``/embed/window/``: the first page of the window. A POST brings the frame's proof; it gets the next URL."""
    parameters = request.POST if request.method == "POST" else request.GET
    challenge = parameters.get("for", "")
    if not frame_signin.is_challenge(challenge):
        raise not_found()
    if request.method == "GET":
        return allow_opener(render(request, "signin/frame_window.html", {"challenge": challenge}))
    is_proven = frame_signin.is_frame_proof(challenge, parameters.get("proof", ""))
    frame = {"challenge": challenge, "is_proven": is_proven}
    started = start_signin(request, get_script_prefix(), frame=frame)
    return started.remember(JsonResponse({"location": started.url}))


@public
@rate_limited("signin")
@require_GET
def unproven_signin(request: ConsoleRequest) -> HttpResponse:
    """``GET /embed/window/alone/``: redirect to the provider from a window without a frame's proof."""
    challenge = request.GET.get("for", "")
    if not frame_signin.is_challenge(challenge):
        raise not_found()
    return start_signin(request, get_script_prefix(), frame={"challenge": challenge, "is_proven": False}).redirect()


@public
@require_GET
def frame_signin_state(request: ConsoleRequest) -> JsonResponse:
    """``GET /embed/waiting/``: the frame polls this until the window is done."""
    return JsonResponse({"state": frame_signin.frame_state(request)})


@public
@rate_limited("signin")
@require_POST
def collect_frame_signin(request: ConsoleRequest) -> HttpResponse:
    """``POST /embed/receive/``: the frame collects the sign-in and goes to its page."""
    sign_in = frame_signin.collect(request, request.POST.get("code", ""))
    open_session(request, sign_in)
    return HttpResponseRedirect(sign_in.next_path, status=303)
