"""``Partitioned`` for every cookie that a cross-site frame has to keep (CHIPS), which Django 5.2 cannot say."""

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase

from console.request import ConsoleRequest

# The standard library knows the attribute from Python 3.14 on. Where it does, these two lines change nothing.
_morsel: Any = Morsel
_morsel._reserved.setdefault("partitioned", "Partitioned")
_morsel._flags.add("partitioned")


class PartitionedCookieMiddleware:
    """Marks each cookie of an answer, the ones that delete included: a browser tells them apart by it.

    But for those that ``response.unpartitioned`` names.
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
    """What a script of ours appends to a cookie that it writes."""
    attributes = ["Path=/", f"SameSite={settings.SESSION_COOKIE_SAMESITE}"]
    attributes += ["Secure"] if settings.SESSION_COOKIE_SECURE else []
    attributes += ["Partitioned"] if settings.COOKIES_PARTITIONED else []
    return "; ".join(attributes)
