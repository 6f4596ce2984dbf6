"""What the settings of the authorization request accept, and what they say of the rest."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from console.signin.oidc.setting_parsers import (
    RESERVED_PARAMETERS,
    AuthorizationParameters,
    Origins,
    Prompt,
    Scopes,
)

SCOPES, PROMPT = Scopes("OIDC_SCOPES"), Prompt("OIDC_PROMPT")
PARAMETERS, ORIGINS = AuthorizationParameters("OIDC_AUTHORIZATION_PARAMETERS"), Origins("OIDC_LOGIN_ORIGINS")


@pytest.mark.parametrize("text", ["openid,email", "openid email", " openid , email,", "openid\temail openid"])
def test_scopes(text: str) -> None:
    assert SCOPES(text) == ["openid", "email"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "write openid"),
        ("profile email", "write openid,profile,email"),
        ("OpenID profile", "write openid,profile"),
        ('"openid" profile', "is not a scope"),
        ("openid prof\\ile", "is not a scope"),
        ("openid prüfung", "is not a scope"),
    ],
)
def test_scopes_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(words)):
        SCOPES(text)


def test_prompt() -> None:
    assert PROMPT("") == ""
    assert PROMPT("consent") == "consent"
    assert PROMPT("login,consent") == PROMPT(" login  consent ") == "login consent"
    for text, words in (("none", "nobody could sign in"), ("consent,none", "nobody"), ("con&sent", "is not a list")):
        with pytest.raises(ImproperlyConfigured, match=words):
            PROMPT(text)


def test_parameters() -> None:
    assert PARAMETERS("") == {}
    assert PARAMETERS("access_type=offline") == {"access_type": "offline"}
    text = "audience=https://api.example.org/?a=b, resource=urn:directory ,claims=%7B%22a%22%3A1%2C%22b%22%3A2%7D"
    assert PARAMETERS(text) == {
        "audience": "https://api.example.org/?a=b",
        "resource": "urn:directory",
        "claims": '{"a":1,"b":2}',
    }
    assert PARAMETERS("x=1%252") == {"x": "1%2"}


@pytest.mark.parametrize("name", sorted(RESERVED_PARAMETERS))
def test_reserved_parameters(name: str) -> None:
    for spelling in (name, name.upper()):
        with pytest.raises(ImproperlyConfigured, match="the console sets"):
            PARAMETERS(f"access_type=offline,{spelling}=x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("offline", "is not NAME=VALUE"),
        ("=offline", "is not NAME=VALUE"),
        ("a b=c", "is not NAME=VALUE"),
        ("a&state=c", "is not NAME=VALUE"),
        ("a%5B=c", "is not NAME=VALUE"),
        ("a=b,a=c", "occurs twice"),
        ("a=b%0Ac", "not printable"),
        ("a=%FF", "not printable"),
        ("a=" + "x" * 2000, "at most 1000"),
        ("prompt=consent", "use OIDC_PROMPT"),
        ("scope=openid", "use OIDC_SCOPES"),
    ],
)
def test_parameters_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        PARAMETERS(text)


def test_origins() -> None:
    assert ORIGINS("") == []
    origins = [
        "https://login.example.org",
        "https://sso.example.org:8443",
        "http://localhost:9",
        "https://[2001:db8::1]",
    ]
    assert ORIGINS(", ".join(origins)) == origins


@pytest.mark.parametrize(
    "text",
    ["login.example.org", "https://", "https://a.example/path", "https://a.example/", "http://a.example", "https://*.example",
     "https://a.example;script-src *", "https://a.example 'unsafe-inline'", "*", "'self'", "https://[::1", "data:",
     "https://u@a.example", "https://a.example:x"],
)  # fmt: skip
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="is not an origin"):
        ORIGINS(text)
