"""The attribute ``Partitioned`` (CHIPS) for all cookies in a cross-site frame, which Django 5.2 does not support."""

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase

from console.request import ConsoleRequest

# Python knows the attribute from 3.14 on; there, these two lines change nothing.
_morsel: Any = Morsel
_morsel._reserved.setdefault("partitioned", "Partitioned")
_morsel._flags.add("partitioned")


class PartitionedCookieMiddleware:
    """Marks each cookie of a response, except those that ``response.unpartitioned`` names.

    Deleted cookies need the mark too: to a browser, a cookie with it and one without it are different cookies.
    """

    def __init__(self, get_response: Callable[[ConsoleRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: ConsoleRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if settings.COOKIES_PARTITIONED:
            for name in response.cookies.keys() - getattr(response, "unpartitioned", set()):
                response.cookies[name]["partitioned"] = True
        return response


def page_cookie_attributes() -> str:
    """Return the attributes that the pages' scripts append to cookies that they set."""
    attributes = ["Path=/", f"SameSite={settings.SESSION_COOKIE_SAMESITE}"]
    attributes += ["Secure"] if settings.SESSION_COOKIE_SECURE else []
    attributes += ["Partitioned"] if settings.COOKIES_PARTITIONED else []
    return "; ".join(attributes)
