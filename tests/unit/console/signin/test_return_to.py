"""Only paths of the console itself are safe to return to."""

import pytest

from console.signin.return_to import path_with_form, safe_path

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


def test_the_path_of_a_saved_form_names_it() -> None:
    assert path_with_form("/orgs/acme/accounts/assign/", "f1") == "/orgs/acme/accounts/assign/?returned=f1"
