"""The gate: decides on every request who the person is and whether they may reach the view. Denies by default."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix
from django.utils.translation import gettext

from console import error_pages
from console.error_pages import Problem, not_found, show
from console.request import ConsoleRequest, SignedInRequest
from console.signin.access.gate import Actor, form_page_path, view_access
from console.signin.access.rules import Role
from console.signin.errors import SignInEnded
from console.signin.oidc.discovery import login_origins
from console.signin.return_to import redirect_to_signin, return_path, signin_path
from console.signin.saved_forms import discard_sent_form, save_stale_form
from console.signin.session_secrets import decrypt_secrets
from console.signin.tokens import SessionToken

logger = logging.getLogger(__name__)


class FormTargetMiddleware:
    """Lets forms be redirected to the provider: Chromium applies ``form-action`` to each redirect of a form.

    A form that arrives after its session has ended leads to the provider's sign-in.
    """

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response._csp_update = {"form-action": login_origins()}  # type: ignore[attr-defined]  # django-csp reads it
        return response


class GateMiddleware:
    """Set ``actor``, ``claims``, ``organization``, ``role`` and ``tokens`` on the request, or refuse it."""

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        self._identify(request)
        return self.get_response(request)

    def process_view(
        self, request: ConsoleRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Decide before the view runs whether the person may reach it."""
        access = view_access(view)
        if access is None:
            return show(request, not_found())
        if access.is_public:
            return None
        if request.actor is None:
            return redirect_to_signin(request, form_page=form_page_path(request))
        try:
            self._update_claims(request)
        except SignInEnded as ended:
            return self.process_exception(request, ended)
        if request.method == "POST":
            discard_sent_form(request)
        if access.role is None:
            return None
        return self._enter_organization(cast(SignedInRequest, request), access.role, kwargs.get("org", ""))

    def process_exception(self, request: ConsoleRequest, exception: Exception) -> HttpResponse | None:
        """Send the person to sign in if their sign-in ended while the view was running."""
        if not isinstance(exception, SignInEnded):
            return None
        request.session.end()
        request.actor = None
        return redirect_to_signin(request, form_page=form_page_path(request))

    @staticmethod
    def _update_claims(request: ConsoleRequest) -> None:
        """Read old claims again, so that a right that was withdrawn at the provider ends here."""
        if request.tokens is not None and request.session.row is not None:
            claims = request.tokens.update_claims(request.session.row)
            request.claims = request.claims if claims is None else claims

    def _identify(self, request: ConsoleRequest) -> None:
        row = request.session.row
        user = row.user if row is not None else None
        secrets = decrypt_secrets(row.secret) if row is not None and user is not None else None
        if row is None or user is None or secrets is None:
            return
        request.actor = Actor(user.issuer, user.subject, user.name, user.email)
        request.claims = secrets.claims
        request.tokens = SessionToken(row.key_hash)

    def _enter_organization(self, request: SignedInRequest, least_role: Role, org: str) -> HttpResponse | None:
        organization = settings.CONSOLE_ORGANIZATIONS.find(org)
        role = organization.role_of(request.claims) if organization else None
        if role is None:
            # The same answer as for an organization that does not exist, so that nobody can probe for ids.
            logger.warning("Access denied: %s has no role in the organization %r", request.actor.subject, org[:255])
            return show(request, not_found())
        request.organization, request.role = organization, role
        if least_role == Role.ADMIN and role != Role.ADMIN:
            logger.warning("Access denied: %s is not an admin of the organization %r", request.actor.subject, org)
            return show(request, _admins_only())
        return None


def csrf_failure_view(request: ConsoleRequest, reason: str = "") -> HttpResponse:
    """Answer a failed CSRF check: bring back a form from before this sign-in or sign-out, refuse any other."""
    form_id = save_stale_form(request)
    if not form_id:
        return error_pages.csrf_failure(request, reason)
    path = return_path(request, form_page_path(request), form_id)
    if request.actor is None:
        path = signin_path(path)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": path, "Vary": "HX-Request"})
    return HttpResponseRedirect(path, status=303)


def _admins_only() -> Problem:
    return Problem(
        403,
        gettext("Only admins can make changes"),
        gettext("You are an auditor of this organization. Nothing was changed. Ask an admin of the organization."),
        actions=[(gettext("Organizations"), get_script_prefix())],
        code="auditor",
    )
