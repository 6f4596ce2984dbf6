"""Faults of the provider, for tests: it is slow or down, or rejects refresh tokens."""

import time
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

state: Final[dict[str, Any]] = {"refuse_refresh": False, "hang": 0, "down": False, "token_calls": 0}


class FaultMiddleware:
    """The provider's outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/_control/"):
            return self.get_response(request)
        if state["down"]:
            return HttpResponse("down", status=503)
        if not request.path.endswith("/token"):
            return self.get_response(request)
        state["token_calls"] += 1
        time.sleep(state["hang"])
        if state["refuse_refresh"] and request.POST.get("grant_type") == "refresh_token":
            return JsonResponse({"error": "invalid_grant"}, status=400)
        return self.get_response(request)
