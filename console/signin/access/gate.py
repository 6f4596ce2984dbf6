"""Who may reach a view: each view states it with a decorator, and a view without one is closed to everybody.

``console.signin.middleware.GateMiddleware`` enforces the decision on every request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from console.request import ConsoleRequest
from console.signin.access.rules import OrganizationName, Role

View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE: Final = "console_access"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who is signed in."""

    issuer: str
    subject: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ViewAccess:
    """Who may reach a view.

    Attributes:
        is_public: anybody, signed in or not.
        role: the least role required in the organization that the URL names; ``None`` for any signed-in person.
        form_page: the route name of the page that shows the view's form, if it is not the view itself.

    """

    is_public: bool = False
    role: Role | None = None
    form_page: str = ""


def public(view: View) -> View:
    """Let anybody reach the view."""
    return _set_access(view, ViewAccess(is_public=True))


def signed_in(view: View) -> View:
    """Let every signed-in person reach the view."""
    return _set_access(view, ViewAccess())


def organization(role: Role, *, form_page: str = "") -> Callable[[View], View]:
    """Let people reach the view who have at least ``role`` in the organization of the URL (its ``org``)."""
    return lambda view: _set_access(view, ViewAccess(role=role, form_page=form_page))


def view_access(view: Callable[..., Any]) -> ViewAccess | None:
    """Return who may reach the view; ``None`` if it does not say."""
    return getattr(view, _ATTRIBUTE, None)


def form_page_path(request: ConsoleRequest) -> str:
    """Return the path of the page that shows the submitted form; empty if the form posts to its own page."""
    match = request.resolver_match
    access = view_access(match.func) if match else None
    return reverse(access.form_page, kwargs=match.kwargs) if match and access and access.form_page else ""


def accessible_organizations(request: ConsoleRequest) -> list[tuple[OrganizationName, Role]]:
    """Return the organizations that the person may open, with their role in each, sorted by name."""
    organizations: list[tuple[OrganizationName, Role]] = settings.CONSOLE_ORGANIZATIONS.open_to(request.claims)
    return organizations


def all_routes(resolver: URLResolver | None = None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """Return the path of every route of the site, with its pattern."""
    routes: list[tuple[str, URLPattern]] = []
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        routes += all_routes(entry, path) if isinstance(entry, URLResolver) else [(path, entry)]
    return routes


@register
def check_every_route_states_access(**_: Any) -> list[CheckMessage]:
    """Report routes whose view has no access decorator: the gate would close them to everybody."""
    return [
        Error(
            f"/{path} does not state who may reach it.",
            hint="Add a decorator of console.signin.access.gate to its view.",
            id="console.E020",
        )
        for path, pattern in all_routes()
        if view_access(pattern.callback) is None
    ]


def _set_access(view: View, access: ViewAccess) -> View:
    setattr(view, _ATTRIBUTE, access)
    return view
