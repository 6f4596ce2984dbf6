"""``/sessions/``: where the person is signed in, with a button to end each other session, or all of them."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from console.forms import StrictForm, TextField
from console.request import SignedInRequest
from console.signin.access.gate import signed_in
from console.signin.session_list import end_other_sessions, own_sessions


class EndSessionsForm(StrictForm):
    """End the session that ``session`` names, or all others."""

    session = TextField(required=False)
    others = TextField(required=False)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def own_sessions_view(request: SignedInRequest) -> HttpResponse:
    """``GET`` lists the sessions; ``POST`` ends the one that ``session`` names, or all others (``others=1``)."""
    if request.method == "POST":
        form = EndSessionsForm(request.POST)
        sent = form.cleaned_data if form.is_valid() else {"session": "", "others": ""}
        ended = end_other_sessions(request, name=None if sent["others"] == "1" else sent["session"])
        return HttpResponseRedirect(f"{reverse('sessions')}?ended={ended}", status=303)
    ended_text = request.GET.get("ended", "")
    is_number = ended_text.isascii() and ended_text.isdigit() and len(ended_text) < 5
    values = {"sessions": own_sessions(request), "ended": int(ended_text) if is_number else None}
    is_fragment = bool(request.headers.get("HX-Request"))
    response = render(request, "signin/_sessions.html" if is_fragment else "signin/sessions.html", values)
    patch_vary_headers(response, ["HX-Request"])
    return response
