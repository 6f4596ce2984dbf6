"""After signing in, people return to their page, with the form that they had submitted too late.

A form that arrives after the session ended is saved in the browser's new session, for the person whose session ended,
and restored when they sign in. If another person signs in, it is deleted. Each of several tabs can have a saved form;
the parameter ``returned`` of the return path names the one to show.
"""

import time
import uuid
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from console.addresses import split_url
from console.request import ConsoleRequest

MAX_FORMS: Final = 5  # saved forms of one session
MAX_AGE: Final = 3600  # seconds for which a form is saved
MAX_FORM_BYTES: Final = 64 * 1024

# Keys of the session's data
_FORMS: Final = "saved_forms"
_FORMER_PERSON: Final = "former_person"

_PARAMETER: Final = "returned"
_NEVER_SAVED: Final = frozenset({"csrfmiddlewaretoken"})


def safe_path(text: str | None) -> str:
    """Return ``text`` if it is a path of this console, else the home page (CWE-601: open redirect)."""
    if not text or not text.startswith("/") or len(text) > 2000 or not text.isprintable():
        return "/"
    if not url_has_allowed_host_and_scheme(text, allowed_hosts=None):
        return "/"
    return "/" if text.startswith((reverse("signin"), reverse("signout"), reverse("extend-session"))) else text


def redirect_to_signin(request: ConsoleRequest, *, form_page: str = "") -> HttpResponse:
    """Send the browser to sign in, and back to its page afterwards. For htmx, the whole window goes.

    Args:
        form_page: the path of the page that shows the submitted form, if the form does not post to its own page.

    """
    remember_former_person(request)
    return_path = _return_path(request, form_page)
    if request.method == "POST" and (form_id := _save_form(request, request.session.get(_FORMER_PERSON))):
        return_path = path_with_form(return_path, form_id)
    address = f"{reverse('signin')}?{urlencode({'next': safe_path(return_path)})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address, "Vary": "HX-Request"})
    return HttpResponseRedirect(address, status=303 if request.method == "POST" else 302)


def path_with_form(path: str, form_id: str) -> str:
    """Return the path at which the page shows the saved form."""
    return f"{path}?{urlencode({_PARAMETER: form_id})}"


def remember_former_person(request: ConsoleRequest) -> None:
    """Remember whose session ended. The next request has a new session, and may submit the form of another tab."""
    person = request.session.former_person
    if person is not None:
        request.session[_FORMER_PERSON] = list(person)


def saved_forms(request: ConsoleRequest) -> dict[str, Any]:
    """Return all saved forms of this session, by id."""
    forms: dict[str, Any] = request.session.get(_FORMS) or {}
    return forms


def end_session_keeping_forms(request: ConsoleRequest) -> None:
    """End the session. Restored forms that were not submitted yet stay for the next sign-in of the same person."""
    forms = saved_forms(request)
    request.session.end()
    if forms:
        request.session[_FORMS] = forms


def save_stale_form(request: ConsoleRequest) -> str:
    """Save a form from a page that was loaded before this person signed in again. Return its id, empty if not saved.

    The ``Origin`` header must name this console, so that no other site can prefill a form.
    """
    actor = getattr(request, "actor", None)
    own_origin = f"{request.scheme}://{request.get_host()}"
    if actor is None or request.headers.get("Origin") != own_origin:
        return ""
    return _save_form(request, [actor.issuer, actor.subject])


def restore_forms(request: ConsoleRequest, forms: dict[str, Any], person: tuple[str, str]) -> None:
    """Give the person who has just signed in their own saved forms, and delete those of other people."""
    for key in (_FORMS, _FORMER_PERSON):
        request.session.pop(key, None)
    own_forms = {form_id: form for form_id, form in forms.items() if _belongs_to(form, person)}
    if own_forms:
        request.session[_FORMS] = own_forms


def returned_form(request: ConsoleRequest, *, action: str = "") -> dict[str, list[str]] | None:
    """Return the fields of the form that this person had submitted after their session ended.

    If the URL names a form, it is returned until it is submitted. Otherwise the newest one is returned, once.

    Args:
        action: the path to which the form posts, if that is not the page itself.

    """
    forms = saved_forms(request)
    path = action or request.path
    actor = getattr(request, "actor", None)
    if actor is None or not forms:
        return None
    person = (actor.issuer, actor.subject)
    candidates = [form_id for form_id, form in forms.items() if form["path"] == path and _belongs_to(form, person)]
    form_id = request.GET.get(_PARAMETER, "")
    if form_id in candidates:
        return dict(forms[form_id]["fields"])
    if not candidates:
        return None
    newest = max(candidates, key=lambda candidate: forms[candidate]["at"])
    fields = dict(forms[newest]["fields"])
    _delete_form(request, newest)
    return fields


def discard_sent_form(request: ConsoleRequest) -> None:
    """Delete the saved form that is now being submitted."""
    sent = request.POST.getlist("operation_id")
    for form_id, form in saved_forms(request).items():
        if form["path"] == request.path and form["fields"].get("operation_id", []) == sent:
            _delete_form(request, form_id)
            return


def _save_form(request: ConsoleRequest, person: list[str] | None) -> str:
    """Save the submitted form for ``person`` only. Return its id, empty if it is not saved."""
    fields = {name: values for name, values in request.POST.lists() if name not in _NEVER_SAVED}
    size = sum(len(value) for values in fields.values() for value in values)
    if person is None or not fields or size > MAX_FORM_BYTES:
        return ""
    forms = dict(saved_forms(request))
    while len(forms) >= MAX_FORMS:
        del forms[min(forms, key=lambda candidate: forms[candidate]["at"])]
    form_id = uuid.uuid4().hex
    forms[form_id] = {"path": request.path, "fields": fields, "person": person, "at": time.time()}
    request.session[_FORMS] = forms
    return form_id


def _delete_form(request: ConsoleRequest, form_id: str) -> None:
    request.session[_FORMS] = {key: form for key, form in saved_forms(request).items() if key != form_id}


def _belongs_to(form: dict[str, Any], person: tuple[str, str]) -> bool:
    return bool(form["person"] == list(person) and time.time() - form["at"] < MAX_AGE)


def _return_path(request: ConsoleRequest, form_page: str) -> str:
    """Return the path of the page that the person sees: a POST or an htmx request has another one."""
    if request.method == "POST":
        return form_page or request.path
    current_url = request.headers.get("HX-Current-URL")
    if request.headers.get("HX-Request") and current_url:
        parts = split_url(current_url)
        return parts.path + (f"?{parts.query}" if parts.query else "") if parts else "/"
    return request.get_full_path()
