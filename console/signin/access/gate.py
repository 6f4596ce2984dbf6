"""The gate: ``CONSOLE_ORGANIZATIONS`` decides, on every request, and denies by default.

A view says with a decorator who may reach it; one that says nothing is reached by nobody.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.translation import gettext

from console import error_pages
from console.error_pages import Problem, not_found, show
from console.request import ConsoleRequest, SignedInRequest
from console.signin.access.rules import Named, Role
from console.signin.return_to import end_session, forget_sent, keep_stale_form, to_signin, with_form
from console.signin.tokens import SessionToken, SignInEnded, unseal

View = TypeVar("View", bound=Callable[..., Any])

_RULE: Final = "console_rule"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is signed in."""

    issuer: str
    subject: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may reach a view. ``role`` is the least one in the organization that the address names.

    ``form_page`` names the route of the page with the form, where that is another one than it is sent to.
    """

    is_public: bool = False
    role: Role | None = None
    form_page: str = ""


def public(view: View) -> View:
    """Anybody may reach the view."""
    return _mark(view, Rule(is_public=True))


def signed_in(view: View) -> View:
    """Whoever is signed in may reach the view."""
    return _mark(view, Rule())


def organization(role: Role, *, form_page: str = "") -> Callable[[View], View]:
    """Whoever has at least ``role`` in the organization of the address (its ``org``) may reach the view."""
    return lambda view: _mark(view, Rule(role=role, form_page=form_page))


def form_page_of(request: ConsoleRequest) -> str:
    """The page with the form that was sent; empty where it is sent to its own page."""
    match = request.resolver_match
    rule = rule_of(match.func) if match else None
    return reverse(rule.form_page, kwargs=match.kwargs) if match and rule and rule.form_page else ""


def csrf_failure(request: ConsoleRequest, reason: str = "") -> HttpResponse:
    """A form of ours from before this sign-in comes back filled in; any other one is refused."""
    name = keep_stale_form(request)
    if not name:
        return error_pages.csrf_failure(request, reason)
    address = with_form(form_page_of(request) or request.path, name)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": address, "Vary": "HX-Request"})
    return HttpResponseRedirect(address, status=303)


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """The view's decision; ``None`` where there is none."""
    return getattr(view, _RULE, None)


def organizations_of(request: ConsoleRequest) -> list[tuple[Named, Role]]:
    """The organizations that the person may open, with their role in each, by name."""
    found: list[tuple[Named, Role]] = settings.CONSOLE_ORGANIZATIONS.of(request.claims)
    return found


class GateMiddleware:
    """Sets ``actor``, ``claims``, ``organization``, ``role`` and ``tokens`` on the request, or refuses it."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        self._identify(request)
        return self.get_response(request)

    def process_view(
        self, request: ConsoleRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Decide, before the view runs."""
        rule = rule_of(view)
        if rule is None:
            return show(request, not_found())
        if rule.is_public:
            return None
        if request.actor is None:
            return to_signin(request, form_page=form_page_of(request))
        if request.method == "POST":
            forget_sent(request)
        if rule.role is None:
            return None
        return self._enter(cast(SignedInRequest, request), rule.role, kwargs.get("org", ""))

    def process_exception(self, request: ConsoleRequest, exception: Exception) -> HttpResponse | None:
        """The sign-in ended while the view was at work."""
        if not isinstance(exception, SignInEnded):
            return None
        end_session(request)
        request.actor = None
        return to_signin(request, form_page=form_page_of(request))

    def _identify(self, request: ConsoleRequest) -> None:
        row = request.session.row
        user = row.user if row is not None else None
        secret = unseal(row.secret) if row is not None and user is not None else None
        if row is None or user is None or secret is None:
            return
        request.actor = Actor(user.issuer, user.subject, user.name, user.email)
        request.claims = secret.claims
        request.tokens = SessionToken(row.session_key)

    def _enter(self, request: SignedInRequest, least: Role, org: str) -> HttpResponse | None:
        found = settings.CONSOLE_ORGANIZATIONS.find(org)
        role = found.role_of(request.claims) if found else None
        if role is None:
            logger.warning("Refused: %s has no role in the organization %r", request.actor.subject, org[:255])
            return show(request, not_found())
        request.organization, request.role = found, role
        if least == Role.ADMIN and role != Role.ADMIN:
            logger.warning("Refused: %s is no admin of the organization %r", request.actor.subject, org)
            return show(request, _only_admins())
        return None


def _only_admins() -> Problem:
    return Problem(
        403,
        gettext("Auditors may read, not change"),
        gettext(
            "Your role in this organization is auditor. Nothing was changed. Ask an administrator of the organization."
        ),
        actions=[(gettext("Organizations"), "/")],
        code="auditor",
    )


def _mark(view: View, rule: Rule) -> View:
    setattr(view, _RULE, rule)
    return view


def routes(resolver: URLResolver | None = None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """Every address of the site with its pattern."""
    found: list[tuple[str, URLPattern]] = []
    for one in (resolver or get_resolver()).url_patterns:
        path = prefix + str(one.pattern)
        found += routes(one, path) if isinstance(one, URLResolver) else [(path, one)]
    return found


@register
def check_every_route_has_a_rule(**_: Any) -> list[CheckMessage]:
    """A route without a decision would be closed to everybody; it is a mistake either way."""
    return [
        Error(
            f"/{path} says nothing of who may reach it.",
            hint="Add a decorator of console.signin.access.gate.",
            id="console.E020",
        )
        for path, pattern in routes()
        if rule_of(pattern.callback) is None
    ]
