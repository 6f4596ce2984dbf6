"""RFC 9207: the authorization response names its issuer."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse


class IssuerParameterMiddleware:
    """Appends ``iss`` to the redirect that ends an authorization."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        location = response.headers.get("Location", "")
        if (
            request.path == reverse("idp:oidc:authorization")
            and {"code", "error"} & parse_qs(urlsplit(location).query).keys()
        ):
            issuer = request.build_absolute_uri("/").rstrip("/")
            response.headers["Location"] = f"{location}&{urlencode({'iss': issuer})}"
        return response
