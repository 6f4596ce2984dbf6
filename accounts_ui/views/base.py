"""What every view needs: the directory client, the audit context, an answer as page or fragment."""

import functools
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from accounts_ui.directory.errors import DirectoryError
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import ServiceError
from accounts_ui.services.listing.session_client import SessionClient, resolve_due_changes
from accounts_ui.services.operations.account_form import failed_attempt
from accounts_ui.services.preferences import note_visit
from accounts_ui.views import params
from accounts_ui.views.error_map import problem_for
from accounts_ui.views.lists.list_query import AnyQuery
from console.request import ConsoleRequest, OrganizationRequest
from console.signin.access.rules import Role
from console.signin.return_to import returned_form
from console.signin.sessions import POLL_HEADER

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def page(*methods: str) -> Callable[[View], View]:
    """Names the methods of a view, and turns what services and directory raise into their pages."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def inner(request: OrganizationRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if resolves(request):
                    resolve_due_changes(client=client_of(request), context=audit_context_of(request))
                if request.method == "GET" and not request.htmx and POLL_HEADER not in request.headers:
                    note_visit(context=audit_context_of(request))
                return view(request, *args, **kwargs)
            except (ServiceError, DirectoryError) as error:
                raise problem_for(error, request.organization.id) from error

        return require_http_methods(["HEAD", *methods] if "GET" in methods else list(methods))(inner)  # type: ignore[return-value]

    return decorate


class _WithClient(OrganizationRequest):
    """A request whose directory client has been made."""

    client: SessionClient


def client_of(request: OrganizationRequest) -> SessionClient:
    """The directory, with the token of whoever asks."""
    holder = cast(_WithClient, request)
    if not hasattr(holder, "client"):
        holder.client = SessionClient(
            settings.DIRECTORY_API_URL,
            request.tokens,
            settings.DIRECTORY_TIMEOUT,
            max_bytes=settings.DIRECTORY_MAX_BYTES,
            request_id=request.id,
            context=audit_context_of(request),
            session_key=request.session.session_key or "",
            looks=request.method in ("GET", "HEAD"),
            resolves=resolves(request),
            anew=_wants_news(request),
        )
    return holder.client


def _wants_news(request: OrganizationRequest) -> bool:
    """Whether the browser was told to reload: RFC 9111, section 5.2.1."""
    asked = {one.strip().lower() for one in request.headers.get("Cache-Control", "").split(",")}
    return bool(asked & {"no-cache", "max-age=0"})


def audit_context_of(request: OrganizationRequest) -> AuditContext:
    """Who asks, from where, for which organization."""
    actor = request.actor
    return AuditContext(
        organization_id=request.organization.id,
        issuer=actor.issuer,
        subject=actor.subject,
        name=actor.name,
        email=actor.email,
        ip=request.ip,
        request_id=request.id,
    )


def resolves(request: OrganizationRequest) -> bool:
    """Whether this is an admin's visit, which resolves open changes; what a page asks by itself is none."""
    return request.method == "GET" and request.role == Role.ADMIN and POLL_HEADER not in request.headers


def respond(request: ConsoleRequest, name: str, values: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """The page ``name/page.html``, or the fragment ``name/_content.html`` that it includes where htmx asked."""
    template = f"{name}/_content.html" if request.htmx else f"{name}/page.html"
    response = render(request, template, {"list_query": AnyQuery.from_request(request), **values}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    ends = request.session.ends_at
    if ends:
        response.headers["X-Session-Ends"] = ends.isoformat()
    return response


def take_returned(request: OrganizationRequest, names: Iterable[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """The fields of the form that came back after a sign-in, and what its page says of it."""
    kept = params.returned(returned_form(request), names)
    failed = failed_attempt(context=audit_context_of(request), operation_id=kept.get("operation_id", ""))
    if failed:
        del kept["operation_id"]
    return kept, {"returned": bool(kept), "failed_attempt": failed}


def new_operation_id() -> str:
    """The name of the operation that a form, drawn now, may become."""
    return str(uuid.uuid4())
