"""The provider's addresses: allauth's, the page to pick a person, and the switch for tests."""

import json

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from console.sandbox.people import PEOPLE
from console.sandbox.provider.misbehaving import state


@require_http_methods(["GET", "POST"])
def pick(request: HttpRequest) -> HttpResponse:
    """Choose who signs in. There are no passwords to try."""
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
def control(request: HttpRequest) -> HttpResponse:
    """Change how the provider behaves; answers with how it does now."""
    asked = json.loads(request.body)
    client = Client.objects.get()
    if home := asked.pop("allow", None):
        client.set_redirect_uris(sorted({*client.get_redirect_uris(), f"{home}/signin/callback/"}))
        client.set_post_logout_redirect_uris(sorted({*client.get_post_logout_redirect_uris(), f"{home}/signout/"}))
        client.save()
    if seconds := asked.pop("access_token_seconds", None):
        settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = seconds
    state.update({name: asked[name] for name in state if name in asked})
    return JsonResponse(state)


urlpatterns = [
    path("pick/", pick, name="pick"),
    path("pick/", pick, name="account_login"),
    path("pick/", pick, name="account_reauthenticate"),
    path("pick/", pick, name="account_logout"),
    path("_control/", control),
    path("", include("allauth.idp.urls")),
]
