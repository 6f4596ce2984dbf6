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
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_from_request, gettext, override

from console.request import ConsoleRequest
from console.upload_handlers import discard_body

logger = logging.getLogger(__name__)


class Problem(Exception):
    """Something that a person has to be told instead of what they asked for.

    Attributes:
        status: the HTTP status of the answer.
        title: what is the matter, in a few words.
        message: what happened and what to do next. Both may be recorded text (``console.recorded_text``).
        actions: ways on, as pairs of label and address.
        code: a short name of the reason, for logs and scripts (``data-code``).

    """

    def __init__(
        self,
        status: int,
        title: str,
        message: str,
        *,
        actions: Sequence[tuple[str | Promise, str]] = (),
        code: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.message = message
        self.actions = tuple(actions)
        self.code = code
        self.headers = headers or {}


def not_found() -> Problem:
    """The one answer for what is not there and what this person must not see."""
    return Problem(
        404,
        gettext("There is nothing here"),
        gettext("This address leads to nothing that you may open. Check it, or go on from the list of organizations."),
        actions=[(gettext("Organizations"), "/")],
        code="not_found",
    )


def show(request: ConsoleRequest, problem: Problem) -> HttpResponse:
    """The page for a problem, or the fragment where htmx asked."""
    fragment = bool(request.headers.get("HX-Request"))
    template = "errors/_content.html" if fragment else "errors/page.html"
    response = render(request, template, {"problem": problem}, status=problem.status)
    for name, value in problem.headers.items():
        response.headers[name] = value
    if fragment:  # whatever part of another page was to be swapped in
        response.headers["HX-Reselect"] = ".problem"
        response.headers["HX-Reswap"] = "innerHTML"
    patch_vary_headers(response, ["HX-Request"])
    return response


class ErrorPageMiddleware:
    """Turns a ``Problem`` that a view raises into its page."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: ConsoleRequest, exception: Exception) -> HttpResponse | None:
        """Called by Django for what a view raised."""
        return show(request, exception) if isinstance(exception, Problem) else None


def _for_its_reader(handler: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """In the language of the request, which may have failed before anything had set it."""

    @functools.wraps(handler)
    def inner(request: ConsoleRequest, *args: Any, **more: Any) -> HttpResponse:
        with override(get_language_from_request(request)):
            return handler(request, *args, **more)

    return inner


@_for_its_reader
def bad_request(request: ConsoleRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request cannot be read; 413 where what was typed or pasted is larger than a form may be."""
    if isinstance(exception, RequestDataTooBig):
        discard_body(request)
        return show(request, _too_large())
    return show(
        request,
        Problem(
            400,
            gettext("This request cannot be read"),
            gettext("Something in it is malformed, too large or not text. Go back, reload the page and try again."),
            actions=[(gettext("Organizations"), "/")],
            code="bad_request",
        ),
    )


def _too_large() -> Problem:
    size = filesizeformat(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return Problem(
        413,
        gettext("This is too much text for a form"),
        gettext(
            "The fields of a form hold %(size)s in all, and nothing of this was read. Go back, and upload a long list "
            "as a file instead of pasting it."
        )
        % {"size": size},
        actions=[(gettext("Organizations"), "/")],
        code="too_large",
    )


@_for_its_reader
def permission_denied(request: ConsoleRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return show(
        request,
        Problem(
            403,
            gettext("This is not yours to do"),
            gettext("Ask an administrator of the organization."),
            actions=[(gettext("Organizations"), "/")],
            code="forbidden",
        ),
    )


@_for_its_reader
def page_not_found(request: ConsoleRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return show(request, not_found())


@_for_its_reader
def server_error(request: ConsoleRequest) -> HttpResponse:
    """500: a fault of the console; 503 where it is the database's, wherever in a request that showed.

    It must work where nothing else does, so it uses no template.
    """
    if isinstance(sys.exception(), Error):
        return _bare(
            request,
            503,
            gettext("The database does not answer"),
            gettext(
                "The console can neither see who you are nor record anything at the moment. Try again in a minute. "
                "If you had just sent a change, do not send it from a new form before you have looked into the change "
                "log."
            ),
        )
    return _bare(
        request,
        500,
        gettext("The console failed"),
        gettext("Nothing that you see here tells whether your last change was made: open the change log to see it."),
    )


def _bare(request: ConsoleRequest, status: int, title: str, message: str) -> HttpResponse:
    number = request.id
    tell, organizations = gettext("If it stays so, tell your operator this number:"), gettext("Organizations")
    section = (
        f'<section class="problem" role="alert" data-status="{status}">'
        f"<h1>{title}</h1><p>{message} {tell} "
        f"<code>{number}</code></p><p><a href='/'>{organizations}</a></p></section>"
    )
    if not request.headers.get("HX-Request"):
        section = (
            f"<!doctype html><html lang={get_language() or 'en'}><meta charset=utf-8><title>{title}</title>"
            f"<main>{section}</main></html>"
        )
    response = HttpResponse(section, status=status, headers={"Retry-After": "60"} if status == 503 else None)
    patch_vary_headers(response, ["HX-Request"])
    return response


def csrf_failure(request: ConsoleRequest, reason: str = "") -> HttpResponse:
    """403: the form carries no proof that it came from a page of this console."""
    logger.warning("CSRF check failed: %s", reason)
    return show(
        request,
        Problem(
            403,
            gettext("This form could not be trusted"),
            gettext(
                "It did not come with the proof that one of this console's own pages made it, so nothing was done. "
                "Your browser may refuse cookies, or the page is from before you signed in. Reload the page and send "
                "it again."
            ),
            actions=[(gettext("Organizations"), "/")],
            code="csrf",
        ),
    )
