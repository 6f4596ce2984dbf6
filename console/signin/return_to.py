"""After signing in, people return to their page, with the form that they had submitted too late (``saved_forms``)."""

import posixpath
from urllib.parse import unquote, urlencode, urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from console.addresses import split_url
from console.request import ConsoleRequest
from console.signin.saved_forms import PARAMETER, save_form


def safe_path(text: str | None) -> str:
    """Return ``text`` if it is a path of this console, else the home page (CWE-601: open redirect)."""
    home = get_script_prefix()
    if not text or not text.startswith("/") or len(text) > 2000 or not text.isprintable():
        return home
    if not url_has_allowed_host_and_scheme(text, allowed_hosts=None) or not _is_below(home, text):
        return home
    return home if text.startswith((reverse("signin"), reverse("signout"), reverse("extend-session"))) else text


def _is_below(prefix: str, text: str) -> bool:
    """Return whether the path is below ``CONSOLE_PATH_PREFIX`` to a browser, which resolves ``..`` and backslashes."""
    path = unquote(urlsplit(text).path).replace("\\", "/")
    return f"{posixpath.normpath(path)}/".startswith(prefix)


def signin_path(next_path: str) -> str:
    """Return the path at which signing in starts, to go to ``next_path`` afterwards."""
    return f"{reverse('signin')}?{urlencode({'next': safe_path(next_path)})}"


def redirect_to_signin(request: ConsoleRequest, *, form_page: str = "") -> HttpResponse:
    """Send the browser to sign in, and back to its page afterwards. For htmx, the whole window goes.

    Args:
        form_page: the path of the page that shows the submitted form, if the form does not post to its own page.

    """
    form_id = save_form(request) if request.method == "POST" else ""
    address = signin_path(return_path(request, form_page, form_id))
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address, "Vary": "HX-Request"})
    return HttpResponseRedirect(address, status=303 if request.method == "POST" else 302)


def return_path(request: ConsoleRequest, form_page: str, form_id: str) -> str:
    """Return the path of the page that the person sees: a POST or an htmx request has another one.

    Args:
        form_page: as in ``redirect_to_signin``.
        form_id: of the saved form that the page has to show; empty if there is none.

    """
    shown = _shown_page(request)
    if request.method != "POST":
        return shown
    page = form_page or request.path
    query = ""
    if form_page:  # a list keeps its search and its filters
        query = urlsplit(shown).query if urlsplit(shown).path == page else request.GET.urlencode()
    query = "&".join(filter(None, [query, urlencode({PARAMETER: form_id}) if form_id else ""]))
    return f"{page}?{query}" if query else page


def _shown_page(request: ConsoleRequest) -> str:
    """Return the page in the window: htmx names it, and browsers do for a form (``Referer``)."""
    shown = request.headers.get("HX-Current-URL") if request.headers.get("HX-Request") else None
    if request.method == "POST":
        shown = shown or request.headers.get("Referer")
    if not shown:
        return request.get_full_path()
    parts = split_url(shown)
    return parts.path + (f"?{parts.query}" if parts.query else "") if parts else get_script_prefix()
