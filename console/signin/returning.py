"""The way back: to the page where a sign-in became necessary, with the form that was on its way."""

import time
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

KEPT: Final = "kept_form"
KEPT_SECONDS: Final = 3600
KEPT_BYTES: Final = 64 * 1024
_NEVER_KEPT: Final = frozenset({"csrfmiddlewaretoken"})


def safe_path(text: str | None) -> str:
    """``text`` where it is a path of this console, else the home page (CWE-601)."""
    if not text or not text.startswith("/") or len(text) > 2000 or not text.isprintable():
        return "/"
    if not url_has_allowed_host_and_scheme(text, allowed_hosts=None):
        return "/"
    return "/" if text.startswith((reverse("signin"), reverse("signout"))) else text


def to_signin(request: HttpRequest) -> HttpResponse:
    """Send the browser, or the whole window where htmx asked, to sign in and back to where it is."""
    if request.method == "POST":
        keep_form(request)
    address = f"{reverse('signin')}?{urlencode({'next': _here(request)})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address, "Vary": "HX-Request"})
    return HttpResponseRedirect(address, status=303 if request.method == "POST" else 302)


def keep_form(request: HttpRequest) -> None:
    """Keep what was sent, for the person whose session ended, and for nobody else."""
    former = request.session.former  # type: ignore[attr-defined]
    fields = {name: values for name, values in request.POST.lists() if name not in _NEVER_KEPT}
    if former is None or sum(len(v) for values in fields.values() for v in values) > KEPT_BYTES:
        return
    request.session[KEPT] = {"path": request.path, "fields": fields, "person": list(former), "at": time.time()}


def returned_form(request: HttpRequest) -> dict[str, list[str]] | None:
    """The fields of the form that the person at this page had sent when the session was over; given back once."""
    kept: dict[str, Any] | None = request.session.get(KEPT)
    actor = getattr(request, "actor", None)
    if kept is None or actor is None:
        return None
    mine = kept["person"] == [actor.issuer, actor.subject] and time.time() - kept["at"] < KEPT_SECONDS
    if mine and kept["path"] != request.path:
        return None
    del request.session[KEPT]
    return kept["fields"] if mine else None


def _here(request: HttpRequest) -> str:
    current = request.headers.get("HX-Current-URL")
    if request.headers.get("HX-Request") and current and request.method != "POST":
        try:
            parts = urlsplit(current)
        except ValueError:
            return "/"
        return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))
    return safe_path(request.path if request.method == "POST" else request.get_full_path())
