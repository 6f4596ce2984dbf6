"""The way back: to the page where a sign-in became necessary, with the forms that were on their way.

A form that comes too late is kept in the session that the browser has then, for the person whose session ended, and
handed over when they sign in. Whoever else signs in ends it. Several tabs can have a form kept each; ``returned`` in
the address of the way back says which one is meant.
"""

import time
import uuid
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from console.request import ConsoleRequest

MOST_KEPT: Final = 5  # forms
KEPT_SECONDS: Final = 3600
KEPT_BYTES: Final = 64 * 1024  # of one form
_KEPT: Final = "kept_forms"
_FORMER: Final = "former"
_NAME: Final = "returned"
_NEVER_KEPT: Final = frozenset({"csrfmiddlewaretoken"})


def safe_path(text: str | None) -> str:
    """``text`` where it is a path of this console, else the home page (CWE-601)."""
    if not text or not text.startswith("/") or len(text) > 2000 or not text.isprintable():
        return "/"
    if not url_has_allowed_host_and_scheme(text, allowed_hosts=None):
        return "/"
    return "/" if text.startswith((reverse("signin"), reverse("signout"), reverse("stay"))) else text


def to_signin(request: ConsoleRequest, *, form_page: str = "") -> HttpResponse:
    """Send the browser, or the whole window where htmx asked, to sign in and back to where it is.

    Args:
        form_page: the page on which the posted form stands, where that is another one than it is sent to.

    """
    note_former(request)
    here = _here(request, form_page)
    if request.method == "POST" and (name := _keep_form(request, request.session.get(_FORMER))):
        here = with_form(here, name)
    address = f"{reverse('signin')}?{urlencode({'next': safe_path(here)})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address, "Vary": "HX-Request"})
    return HttpResponseRedirect(address, status=303 if request.method == "POST" else 302)


def with_form(path: str, name: str) -> str:
    """The address at which the page shows the kept form."""
    return f"{path}?{urlencode({_NAME: name})}"


def note_former(request: ConsoleRequest) -> None:
    """Remember whose session ended: the next request comes with a new one, and may bring another tab's form."""
    former = request.session.former
    if former is not None:
        request.session[_FORMER] = list(former)


def forms_kept(request: ConsoleRequest) -> dict[str, Any]:
    """All forms that this session keeps."""
    kept: dict[str, Any] = request.session.get(_KEPT) or {}
    return kept


def end_session(request: ConsoleRequest) -> None:
    """End it. Forms that came back and were not sent yet wait for the next sign-in of the same person."""
    kept = forms_kept(request)
    request.session.end()
    if kept:
        request.session[_KEPT] = kept


def keep_stale_form(request: ConsoleRequest) -> str:
    """Keep a form from a page that was drawn before this person signed in again; its name, empty where it is not kept.

    Only what a page of this very console sent, as the browser vouches: nobody else fills in a form here.
    """
    actor = request.actor
    here = f"{request.scheme}://{request.get_host()}"
    if actor is None or request.headers.get("Origin") != here:
        return ""
    return _keep_form(request, [actor.issuer, actor.subject])


def hand_over(request: ConsoleRequest, kept: dict[str, Any], person: tuple[str, str]) -> None:
    """Give whoever has just signed in their own forms; those of anybody else are gone."""
    for name in (_KEPT, _FORMER):
        request.session.pop(name, None)
    mine = {name: form for name, form in kept.items() if _is_for(form, person)}
    if mine:
        request.session[_KEPT] = mine


def returned_form(request: ConsoleRequest, *, action: str = "") -> dict[str, list[str]] | None:
    """The fields of the form that this person had sent when the session was over.

    The address of the way back names one, which it shows until it is sent. Without a name it is the newest, once.

    Args:
        action: where the form is sent, where that is not the page itself.

    """
    kept = forms_kept(request)
    path = action or request.path
    actor = request.actor
    if actor is None or not kept:
        return None
    fits = [name for name, form in kept.items() if form["path"] == path]
    fits = [name for name in fits if _is_for(kept[name], (actor.issuer, actor.subject))]
    named = request.GET.get(_NAME, "")
    if named in fits:
        return dict(kept[named]["fields"])
    if not fits:
        return None
    newest = max(fits, key=lambda name: kept[name]["at"])
    fields = dict(kept[newest]["fields"])
    _drop(request, newest)
    return fields


def forget_sent(request: ConsoleRequest) -> None:
    """A kept form that is sent at last is kept no longer."""
    sent = request.POST.getlist("operation_id")
    for name, form in forms_kept(request).items():
        if form["path"] == request.path and form["fields"].get("operation_id", []) == sent:
            _drop(request, name)
            return


def _keep_form(request: ConsoleRequest, person: list[str] | None) -> str:
    """Keep what was sent, for ``person`` and nobody else. The name that it is kept under; empty where it is not."""
    fields = {name: values for name, values in request.POST.lists() if name not in _NEVER_KEPT}
    size = sum(len(value) for values in fields.values() for value in values)
    if person is None or not fields or size > KEPT_BYTES:
        return ""
    kept = dict(forms_kept(request))
    while len(kept) >= MOST_KEPT:
        del kept[min(kept, key=lambda one: kept[one]["at"])]
    name = uuid.uuid4().hex
    kept[name] = {"path": request.path, "fields": fields, "person": person, "at": time.time()}
    request.session[_KEPT] = kept
    return name


def _drop(request: ConsoleRequest, name: str) -> None:
    request.session[_KEPT] = {key: form for key, form in forms_kept(request).items() if key != name}


def _is_for(form: dict[str, Any], person: tuple[str, str]) -> bool:
    return bool(form["person"] == list(person) and time.time() - form["at"] < KEPT_SECONDS)


def _here(request: ConsoleRequest, form_page: str) -> str:
    if request.method == "POST":
        return form_page or request.path
    current = request.headers.get("HX-Current-URL")
    if request.headers.get("HX-Request") and current:
        try:
            parts = urlsplit(current)
        except ValueError:
            return "/"
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.get_full_path()
