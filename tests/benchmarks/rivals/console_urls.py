"""The console's addresses, and a page of an organization with nothing on it: middleware, session and gate, no more."""

from django.http import HttpResponse
from django.urls import path

from accounts_ui.views.base import page
from console.signin.access.gate import organization
from console.signin.access.rules import Role
from console.urls import *  # noqa: F403
from console.urls import urlpatterns as console_patterns


@organization(Role.AUDITOR)
@page("GET")
def empty(request, org):
    return HttpResponse("")


urlpatterns = [path("orgs/<str:org>/empty/", empty), *console_patterns]
