"""Signing in where the console is a frame of another page: the frame's side, and the window's.

``handover.py`` says how the two find each other, and why nobody else gets in between.
"""

import logging
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.embedding import in_touch
from console.error_pages import not_found
from console.rate_limits import counted_as
from console.request import ConsoleRequest
from console.signin.access.gate import public
from console.signin.errors import HandoverWrong, failures
from console.signin.frames import handover
from console.signin.login import open_session
from console.signin.oidc.authorization import provider

logger = logging.getLogger(__name__)


def ask_in_frame(request: ConsoleRequest, next_path: str) -> HttpResponse:
    """The page in the frame, which opens the window and waits."""
    challenge = handover.begin(request, next_path)
    values = {"challenge": challenge, "proof": handover.proof_of(challenge), "next": next_path}
    return render(request, "signin/framed.html", values)


@public
@require_http_methods(["GET", "POST"])
def window(request: ConsoleRequest) -> HttpResponse:
    """``/embed/window/``: where the window begins. A POST brings the frame's proof and is told where to go on."""
    given = request.POST if request.method == "POST" else request.GET
    challenge = given.get("for", "")
    if not handover.is_challenge(challenge):
        raise not_found()
    if request.method == "GET":
        return in_touch(render(request, "signin/window.html", {"challenge": challenge}))
    proven = handover.is_proven(challenge, given.get("proof", ""))
    start = provider(request).start(request, "/", frame={"challenge": challenge, "proven": proven})
    return JsonResponse({"location": start["Location"]})


@public
@counted_as("signin")
@require_GET
def window_alone(request: ConsoleRequest) -> HttpResponse:
    """``GET /embed/window/alone/``: on to the provider, for a window that no frame vouches for."""
    challenge = request.GET.get("for", "")
    if not handover.is_challenge(challenge):
        raise not_found()
    return provider(request).start(request, "/", frame={"challenge": challenge, "proven": False})


def hand_to_frame(
    request: ConsoleRequest, frame: dict[str, Any], person: dict[str, Any], answer: dict[str, Any]
) -> HttpResponse:
    """The end of the window: the sign-in waits for the frame, and the page has the code."""
    code = handover.offer(frame["challenge"], proven=frame["proven"], person=person, answer=answer)
    values = {"challenge": frame["challenge"], "proven": frame["proven"], "code": f"{code[:5]}-{code[5:]}"}
    return in_touch(render(request, "signin/handed_over.html", values))


@public
@require_GET
def waiting(request: ConsoleRequest) -> JsonResponse:
    """``GET /embed/waiting/``: what the frame asks until the window is done."""
    return JsonResponse({"state": handover.state_of(request)})


@public
@counted_as("signin")
@require_POST
def receive(request: ConsoleRequest) -> HttpResponse:
    """``POST /embed/receive/``: the frame fetches the sign-in, and goes on where it wanted to."""
    try:
        received = handover.receive(request, request.POST.get("code", ""))
    except HandoverWrong as refused:
        failures.labels(refused.code).inc()
        logger.warning("Sign-in refused: %s", refused.code)
        raise
    open_session(request, received.person, received.answer, ends=received.ends)
    return HttpResponseRedirect(received.next_path, status=303)
