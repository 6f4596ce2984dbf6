"""Every error that a person sees, as a page or as a fragment, with its true status."""

import functools
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import get_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_from_request, gettext, override

from console.request import ConsoleRequest
from console.upload_handlers import discard_body

logger = logging.getLogger(__name__)


class Problem(Exception):
    """An error that a view raises to show its page.

    Attributes:
        status: the HTTP status of the answer.
        title: what went wrong, in a few words.
        message: what happened and what to do next. Both may be recorded text (``console.recorded_text``).
        reasons: why it happened, a sentence each. They may be recorded text, too.
        details: what the operator needs to know, a line each.
        actions: next steps, as pairs of label and address.
        code: a short name of the reason, for logs and scripts (``data-code``).

    """

    def __init__(
        self,
        status: int,
        title: str,
        message: str,
        *,
        reasons: Sequence[str] = (),
        details: Sequence[str] = (),
        actions: Sequence[tuple[str | Promise, str | Promise]] = (),
        code: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.message = message
        self.reasons = tuple(reasons)
        self.details = tuple(details)
        self.actions = tuple(actions)
        self.code = code
        self.headers = headers or {}


def not_found() -> Problem:
    """Return the problem for what does not exist, and for what this person may not see: nobody can tell them apart."""
    return Problem(
        404,
        gettext("Page not found"),
        gettext("This address does not exist, or you may not open it. Check it, or choose an organization."),
        actions=[(gettext("Organizations"), get_script_prefix())],
        code="not_found",
    )


def show(request: ConsoleRequest, problem: Problem) -> HttpResponse:
    """Return the page of a problem, or its fragment for htmx."""
    fragment = bool(request.headers.get("HX-Request"))
    template = "errors/_content.html" if fragment else "errors/page.html"
    response = render(request, template, {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response.headers[name] = value
    if fragment:
        _address_problem(response)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _address_problem(response: HttpResponse) -> None:
    """Whatever htmx wanted to swap in, it gets the problem. ``core/answers.js`` shows it beside a form or list."""
    response.headers["HX-Reselect"] = ".problem"
    response.headers["HX-Reswap"] = "innerHTML"


class ErrorPageMiddleware:
    """Turns a ``Problem`` that a view raises into its page."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: ConsoleRequest, exception: Exception) -> HttpResponse | None:
        """Called by Django for what a view raised."""
        return show(request, exception) if isinstance(exception, Problem) else None


def _in_request_language(handler: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run an error handler in the request's language: the request may have failed before a middleware set it."""

    @functools.wraps(handler)
    def inner(request: ConsoleRequest, *args: Any, **more: Any) -> HttpResponse:
        with override(get_language_from_request(request)):
            return handler(request, *args, **more)

    return inner


@_in_request_language
def bad_request(request: ConsoleRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request cannot be read. 413: what was typed or pasted is larger than a form may be."""
    if isinstance(exception, RequestDataTooBig):
        discard_body(request)
        return show(request, _too_large())
    return show(
        request,
        Problem(
            400,
            gettext("This request cannot be read"),
            gettext("Something in it is malformed, too large or not text. Go back, reload the page and try again."),
            actions=[(gettext("Organizations"), get_script_prefix())],
            code="bad_request",
        ),
    )


@_in_request_language
def wrong_host(request: ConsoleRequest) -> HttpResponse:
    """400: the browser asked for a host name that is not the console's."""
    return show(
        request,
        Problem(
            400,
            gettext("Wrong address"),
            gettext(
                "The console is not available under this host name. Open it at the address that you were given, or ask "
                "your operator for it."
            ),
            code="wrong_host",
        ),
    )


def _too_large() -> Problem:
    size = filesizeformat(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return Problem(
        413,
        gettext("Too much text"),
        gettext("A form can hold %(size)s. Nothing was read or changed. Go back, and upload a long list as a file.")
        % {"size": size},
        actions=[(gettext("Organizations"), get_script_prefix())],
        code="too_large",
    )


@_in_request_language
def permission_denied(request: ConsoleRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return show(
        request,
        Problem(
            403,
            gettext("You are not allowed to do this"),
            gettext("Ask an administrator of the organization."),
            actions=[(gettext("Organizations"), get_script_prefix())],
            code="forbidden",
        ),
    )


@_in_request_language
def page_not_found(request: ConsoleRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return show(request, not_found())


@_in_request_language
def server_error(request: ConsoleRequest) -> HttpResponse:
    """500 for a fault of the console, 503 for a database error anywhere in the request.

    It must work when nothing else does, so it uses no template.
    """
    if isinstance(sys.exception(), Error):
        return _bare(
            request,
            503,
            gettext("The database does not answer"),
            gettext(
                "The console cannot read your session or record changes at the moment. Try again in a minute. If you "
                "have just sent a change, look in the change log before you send it again."
            ),
        )
    return _bare(
        request,
        500,
        gettext("Something went wrong"),
        gettext("Your last change may or may not have been applied. Open the change log to check."),
    )


def _bare(request: ConsoleRequest, status: int, title: str, message: str) -> HttpResponse:
    number = request.id
    report, organizations = gettext("If this happens again, give your operator this number:"), gettext("Organizations")
    section = (
        f'<section class="problem" role="alert" data-status="{status}">'
        f"<h1>{title}</h1><p>{message} {report} "
        f"<code>{number}</code></p><p><a href='{get_script_prefix()}'>{organizations}</a></p></section>"
    )
    if not request.headers.get("HX-Request"):
        section = (
            f"<!doctype html><html lang={get_language() or 'en'}><meta charset=utf-8><title>{title}</title>"
            f"<main>{section}</main></html>"
        )
    response = HttpResponse(section, status=status, headers={"Retry-After": "60"} if status == 503 else None)
    if request.headers.get("HX-Request"):
        _address_problem(response)
    patch_vary_headers(response, ["HX-Request"])
    return response


def csrf_failure(request: ConsoleRequest, reason: str = "") -> HttpResponse:
    """403: the form has no valid CSRF token. It may be older than the sign-in, or the browser refuses cookies."""
    logger.warning("CSRF check failed: %s", reason)
    return show(
        request,
        Problem(
            403,
            gettext("This form has expired"),
            gettext(
                "Nothing was done. Reload the page and send the form again. If this happens again, allow cookies for "
                "this site."
            ),
            actions=[(gettext("Organizations"), get_script_prefix())],
            code="csrf",
        ),
    )
