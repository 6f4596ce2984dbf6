"""What every view needs: the directory client, the audit context, and a response as page or fragment."""

import functools
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from accounts_ui.directory.circuit_breaker import CircuitBreaker
from accounts_ui.directory.client import HttpDirectoryClient
from accounts_ui.directory.concurrency_limits import LimitedDirectoryClient, ReadLimits, ReadSlots
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import ServiceError
from accounts_ui.services.listing.caching_client import CachingClient
from accounts_ui.services.operations.account_form import failed_attempt
from accounts_ui.services.operations.reconciliation import reconcile_due_changes, reconcile_with
from accounts_ui.services.preferences import record_organization_opened
from accounts_ui.views import query_params
from accounts_ui.views.error_map import problem_for
from accounts_ui.views.lists.list_query import AnyQuery
from console.request import ConsoleRequest, OrganizationRequest
from console.signin.access.rules import Role
from console.signin.saved_forms import find_returned_form
from console.signin.sessions import POLL_HEADER

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def page(*methods: str) -> Callable[[View], View]:
    """Allow these methods, and turn the errors of services and directory into their pages."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def inner(request: OrganizationRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if request.method == "GET" and not request.htmx and POLL_HEADER not in request.headers:
                    record_organization_opened(context=audit_context_of(request))
                return _with_reconciliation(view, request, *args, **kwargs)
            except (ServiceError, DirectoryError) as error:
                raise problem_for(error, request.organization.id) from error

        return require_http_methods(["HEAD", *methods] if "GET" in methods else list(methods))(inner)  # type: ignore[return-value]

    return decorate


def _with_reconciliation(view: View, request: OrganizationRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Answer the request. An admin's read first resolves the changes that are due, and then what its own list shows.

    The view is called again if the list that it has read resolved something: the page then shows the outcome. Both
    calls see the same list, which is read at most once for a request.
    """
    if not is_admin_read(request):
        return view(request, *args, **kwargs)
    client, context = client_of(request), audit_context_of(request)
    used = reconcile_due_changes(client=client, context=context)
    response = view(request, *args, **kwargs)
    listing = client.listing_read
    if listing is None or listing is used or not reconcile_with(listing=listing, context=context):
        return response
    return response if response.streaming else view(request, *args, **kwargs)


class _WithClient(OrganizationRequest):
    """A request whose directory client has been made."""

    client: CachingClient


def client_of(request: OrganizationRequest) -> CachingClient:
    """Return the directory client of this request, with the token of the person who is signed in."""
    holder = cast(_WithClient, request)
    if not hasattr(holder, "client"):
        directory = HttpDirectoryClient(
            settings.DIRECTORY_API_URL,
            request.tokens,
            settings.DIRECTORY_TIMEOUT,
            max_bytes=settings.DIRECTORY_MAX_BYTES,
            request_id=request.id,
        )
        person = (request.actor.issuer, request.actor.subject)
        limited = LimitedDirectoryClient(directory, _read_slots(), _circuit_breaker(), person)
        holder.client = CachingClient(
            limited,
            slot=limited.slot,
            context=audit_context_of(request),
            session_key=request.session.session_key or "",
            session_id=request.tokens.session_id,
            read_once=request.method in ("GET", "HEAD"),
            reload=_is_reload(request),
        )
    return holder.client


@functools.cache
def _read_slots() -> ReadSlots:
    """Return the read slots that all requests of this process share."""
    return ReadSlots(
        ReadLimits(
            in_all=settings.DIRECTORY_READS_AT_ONCE,
            per_organization=settings.DIRECTORY_READS_PER_ORGANIZATION,
            per_person=settings.DIRECTORY_READS_PER_PERSON,
        )
    )


@functools.cache
def _circuit_breaker() -> CircuitBreaker:
    """Return the circuit breaker that all requests of this process share."""
    return CircuitBreaker(
        max_failures=settings.DIRECTORY_FAILURES_BEFORE_PAUSE, pause_seconds=settings.DIRECTORY_PAUSE_SECONDS
    )


def _is_reload(request: OrganizationRequest) -> bool:
    """Whether the browser was told to reload the page (RFC 9111, section 5.2.1)."""
    directives = {text.strip().lower() for text in request.headers.get("Cache-Control", "").split(",")}
    return bool(directives & {"no-cache", "max-age=0"})


def audit_context_of(request: OrganizationRequest) -> AuditContext:
    """Return who makes the request, from which address and for which organization."""
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


def is_admin_read(request: OrganizationRequest) -> bool:
    """Whether an admin opens a page, which resolves open changes. What a page requests by itself does not count."""
    return request.method == "GET" and request.role == Role.ADMIN and POLL_HEADER not in request.headers


def respond(request: ConsoleRequest, name: str, values: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Return the page ``name/page.html``, or the fragment ``name/_content.html`` if htmx requests it."""
    template = f"{name}/_content.html" if request.htmx else f"{name}/page.html"
    response = render(request, template, {"list_query": AnyQuery.from_request(request), **values}, status=status)
    patch_vary_headers(response, ["HX-Request"])
    if request.htmx and "title" in values:  # a fragment cannot have one of its own
        response.headers["X-Page-Title"] = quote(whole_title(request, str(values["title"])))
    ends = request.session.ends_at
    if ends:
        response.headers["X-Session-Ends"] = ends.isoformat()
    return response


def whole_title(request: ConsoleRequest, title: str) -> str:
    """Return the title of a page with its organization and the site, as ``base.html`` shows it."""
    organization = request.organization
    return " · ".join([title, *([organization.name] if organization else []), settings.SITE_NAME])


def title_about(title: str, whom: str) -> str:
    """Return the title of a page about somebody or something."""
    return f"{title}{pgettext('after a label', ':')} {whom}" if whom else title


def take_returned_form(
    request: OrganizationRequest, names: Iterable[str], *, action: str = ""
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the fields of a form that came back after a sign-in, and what its page says about it.

    The page passes the notices on to the macro ``returned_form``, right before the form. If the form was sent before
    and failed, it gets a new operation id: sending it is a new attempt.

    Args:
        names: of the fields that are filled in again.
        action: the path to which the form posts, if that is not the page itself.

    """
    returned = find_returned_form(request, action=action)
    fields = query_params.returned(returned.fields if returned else None, names)
    failed = failed_attempt(context=audit_context_of(request), operation_id=fields.get("operation_id", ""))
    if failed:
        del fields["operation_id"]
    return fields, {"returned": returned, "failed_attempt": failed}


def new_operation_id() -> str:
    """Return the id of the operation that a form which is shown now may become."""
    return str(uuid.uuid4())
