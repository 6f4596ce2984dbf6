"""The provider's URLs: those of allauth, the page to choose a person, and the control endpoint for tests."""

import datetime
import json
import secrets

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from console.sandbox.people import PEOPLE
from console.sandbox.provider.faults import state


@require_http_methods(["GET", "POST"])
def choose_person(request: HttpRequest) -> HttpResponse:
    """Choose who signs in, without a password."""
    next_path = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(next_path, allowed_hosts=None):
        next_path = ""
    person = PEOPLE.get(request.POST.get("person", ""))
    if request.method == "POST" and person and next_path:
        user, _ = get_user_model().objects.get_or_create(username=person.key)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponseRedirect(next_path)
    return render(request, "sandbox/pick.html", {"people": PEOPLE.values(), "next": next_path})


@csrf_exempt
@require_POST
def control_provider(request: HttpRequest) -> HttpResponse:
    """Change the provider's faults and settings, and return the faults."""
    parameters = json.loads(request.body)
    client = Client.objects.get()
    if person := parameters.pop("access_token_for", None):
        return JsonResponse({"access_token": _issue_access_token(client, person)})
    if origin := parameters.pop("allow", None):
        client.set_redirect_uris(sorted({*client.get_redirect_uris(), f"{origin}/signin/callback/"}))
        client.set_post_logout_redirect_uris(sorted({*client.get_post_logout_redirect_uris(), f"{origin}/signout/"}))
        client.save()
    if seconds := parameters.pop("access_token_seconds", None):
        settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = seconds
    state.update({name: parameters[name] for name in state if name in parameters})
    return JsonResponse(state)


def _issue_access_token(client: Client, person: str) -> str:
    """Return an access token of the person, as a sign-in would bring it, valid for an hour."""
    user, _ = get_user_model().objects.get_or_create(username=PEOPLE[person].key)
    value = secrets.token_urlsafe(32)
    expires_at = timezone.now() + datetime.timedelta(hours=1)
    token = Token(type=Token.Type.ACCESS_TOKEN, client=client, user=user, expires_at=expires_at)
    token.set_value(value)
    token.set_scopes(["openid", "profile", "email"])
    token.save()
    return value


urlpatterns = [
    path("pick/", choose_person, name="pick"),
    path("pick/", choose_person, name="account_login"),
    path("pick/", choose_person, name="account_reauthenticate"),
    path("pick/", choose_person, name="account_logout"),
    path("_control/", control_provider),
    path("", include("allauth.idp.urls")),
]
