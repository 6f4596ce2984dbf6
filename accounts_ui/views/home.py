"""The organizations that I may open."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts_ui.views.shared import respond
from console.errors import Problem
from console.signin.gate import organizations_of, signed_in
from console.signin.rules import rule_claims


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """``GET /``. A single organization opens."""
    organizations = organizations_of(request)
    if not organizations:
        raise _no_access(request)
    if len(organizations) == 1:
        return HttpResponseRedirect(reverse("accounts", args=[organizations[0][0].id]))
    return respond(request, "home", {"organizations": organizations, "title": "Organizations"})


def _shown(claim: Any) -> str:
    """A claim as JSON, cut. Half a surrogate pair cannot be encoded, and a mark of direction lies."""
    text = json.dumps(claim, ensure_ascii=False)[:200]
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _no_access(request: HttpRequest) -> Problem:
    seen = {name: request.claims.get(name) for name in sorted(rule_claims(settings.CONSOLE_ORGANIZATIONS))}
    told = "; ".join(
        f"{name}: {_shown(value)}" if value is not None else f"{name}: none came" for name, value in seen.items()
    )
    return Problem(
        403,
        "You have no access to any organization",
        f"You are signed in as {request.actor.name or request.actor.subject}, and no rule lets you in. These claims "
        f"were seen: {told}. Ask the operator of this console, or sign out and choose another account.",
        code="no_role",
    )
