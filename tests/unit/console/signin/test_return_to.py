"""Only paths of the console itself are safe to return to."""

from typing import cast

import pytest
from django.test import RequestFactory

from console.request import ConsoleRequest
from console.signin.return_to import return_path, safe_path

SAFE = ["/", "/orgs/acme/accounts/?q=x&page=2", "/orgs/a%2Fb/", "/sessions/#x", "/embed/check/"]
UNSAFE = [
    None,
    "",
    "orgs/acme/",
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\tevil.example",
    "/\n/evil.example",
    "/orgs/\x00",
    " /orgs/acme/",
    "javascript:alert(1)",
    "/signin/",
    "/signin/callback/?code=x",
    "/signout/",
    "/session/stay/",
    "/" + "x" * 2000,
]


@pytest.mark.parametrize("path", SAFE)
def test_paths_of_the_console_are_safe(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize("path", UNSAFE)
def test_everything_else_becomes_the_home_page(path: str | None) -> None:
    assert safe_path(path) == "/"


def _too_late(address: str, *, current: str = "", referer: str = "") -> ConsoleRequest:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{current}"} if current else {}
    headers |= {"Referer": referer} if referer else {}
    return cast(ConsoleRequest, RequestFactory().post(address, headers=headers))


def test_a_form_leads_back_to_the_page_that_it_was_sent_to() -> None:
    request = _too_late("/orgs/acme/accounts/assign/?x=1", current="/orgs/acme/accounts/?q=x")
    assert return_path(request, "", "f1") == "/orgs/acme/accounts/assign/?returned=f1"


@pytest.mark.parametrize(
    "request_",
    [
        _too_late("/verify/?q=x"),
        _too_late("/verify/", current="/changes/?q=x"),
        _too_late("/verify/", referer="http://testserver/changes/?q=x"),
    ],
    ids=["by its own address", "by the address of the window", "by the page that sent it"],
)
def test_a_form_without_a_page_of_its_own_leads_back_to_the_list_as_it_was(request_: ConsoleRequest) -> None:
    assert return_path(request_, "/changes/", "f1") == "/changes/?q=x&returned=f1"
    assert return_path(request_, "/changes/", "") == "/changes/?q=x"


def test_a_form_that_was_sent_from_elsewhere_keeps_nothing_of_it() -> None:
    assert return_path(_too_late("/a/", current="/b/?secret=1"), "/c/", "") == "/c/"
