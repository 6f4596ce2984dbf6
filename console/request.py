"""The types of a request, with the attributes that the console's middlewares set.

Django makes the instances: at run time each of them is a ``WSGIRequest``. These classes tell the type checker what is
there, and readers who sets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from console.signin.access.gate import Actor
    from console.signin.access.rules import Organization, Role
    from console.signin.saved_forms import ReturnedForm
    from console.signin.sessions import SessionStore
    from console.signin.tokens import SessionToken


class ConsoleRequest(HttpRequest):
    """Any request. ``set_request_defaults`` gives every attribute a value, except ``session`` and ``htmx``."""

    id: str  # console.runtime.middleware: the request id of logs, the change log and error pages
    ip: str  # console.runtime.middleware: the browser's address; empty if there is none
    theme: str  # console.appearance: "light", "dark" or "", which follows the system
    session: SessionStore  # console.signin.sessions
    htmx: HtmxDetails  # django_htmx.middleware
    actor: Actor | None  # console.signin.middleware, like all of the following: who is signed in
    claims: Mapping[str, Any]  # what the provider says about the actor, as far as the access rules read it
    tokens: SessionToken | None  # the actor's access token
    organization: Organization | None  # the organization of the address
    role: Role | None  # the actor's role in it
    returned_forms: dict[str, ReturnedForm | None]  # console.signin.saved_forms: by the path that they are sent to
    upload_too_large: bool  # console.upload_handlers: a file was larger than is accepted


class SignedInRequest(ConsoleRequest):
    """A request that reaches a view marked ``@signed_in``."""

    actor: Actor
    tokens: SessionToken


class OrganizationRequest(SignedInRequest):
    """A request that reaches a view marked ``@organization(role)``."""

    organization: Organization
    role: Role


def set_request_defaults(request: ConsoleRequest) -> None:
    """Set what later middlewares may never get to set, so that error pages can read every attribute."""
    request.id = request.ip = request.theme = ""
    request.actor = request.tokens = request.organization = request.role = None
    request.claims = {}
    request.returned_forms = {}
    request.upload_too_large = False
