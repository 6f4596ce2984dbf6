"""Parsers of the settings ``OIDC_…`` that say what the authorization request contains.

They run while the settings load, so they use nothing that needs them.
"""

import re
from typing import Final
from urllib.parse import unquote

from console.addresses import LOOPBACK_HOSTS, split_url
from console.environment import VariableParser, comma_separated

RESERVED_PARAMETERS: Final = frozenset(
    {"response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "scope", "state", "nonce"}
    | {"code_challenge", "code_challenge_method", "code_verifier", "request", "request_uri", "registration"}
    | {"prompt", "code", "iss"}
)
"""Parameters that the console sets itself, or that replace those (OpenID Connect Core 1.0, section 6)."""

_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, appendix A.4
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+")
_MAX_VALUE: Final = 1000  # characters: the whole request has to fit into a URL
_ORIGIN: Final = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


class Scopes(VariableParser):
    """Parses scopes, separated by commas or blanks. ``openid`` makes it a sign-in and no mere authorization."""

    def __call__(self, text: str) -> list[str]:
        scopes = list(dict.fromkeys(text.replace(",", " ").split()))
        for scope in scopes:
            if not _SCOPE.fullmatch(scope):
                raise self.error(f"{scope!r} is not a scope; separate scopes by commas, without quotes")
        if "openid" not in scopes:
            written = ",".join(["openid", *(scope for scope in scopes if scope.lower() != "openid")])
            raise self.error(f"openid is missing, and without it the provider sends no ID token; write {written}")
        return scopes


class Prompt(VariableParser):
    """Parses the values of ``prompt``, separated by commas or blanks (OpenID Connect Core 1.0, section 3.1.2.1)."""

    def __call__(self, text: str) -> str:
        words = text.replace(",", " ").split()
        if "none" in words:
            raise self.error("with none, nobody could sign in; leave it empty to send no prompt")
        if not all(_WORD.fullmatch(word) for word in words):
            raise self.error(f"{text!r} is not a list of words such as consent, login or select_account")
        return " ".join(words)


class AuthorizationParameters(VariableParser):
    """Parses further parameters: ``access_type=offline,audience=https://api.example.org``.

    A comma in a value is written as ``%2C``, and a percent sign as ``%25``.
    """

    def __call__(self, text: str) -> dict[str, str]:
        parameters: dict[str, str] = {}
        for part in comma_separated(text):
            name, equals, value = part.partition("=")
            name = name.strip()
            if not equals or not _WORD.fullmatch(name):
                raise self.error(f"{part[:100]!r} is not NAME=VALUE; write for example access_type=offline")
            if name.lower() in RESERVED_PARAMETERS:
                raise self.error(f"the console sets {name} itself; {self._alternative(name.lower())}")
            if name in parameters:
                raise self.error(f"{name} occurs twice; write a comma in a value as %2C")
            parameters[name] = self._value(name, value)
        return parameters

    @staticmethod
    def _alternative(name: str) -> str:
        others = {"prompt": "OIDC_PROMPT", "scope": "OIDC_SCOPES", "client_id": "OIDC_CLIENT_ID"}
        return f"use {others[name]}" if name in others else "remove it"

    def _value(self, name: str, value: str) -> str:
        decoded = unquote(value.strip(), errors="replace")
        if not decoded.isprintable() or "\ufffd" in decoded or len(decoded) > _MAX_VALUE:
            raise self.error(f"the value of {name} is not printable text of at most {_MAX_VALUE} characters")
        return decoded


class Origins(VariableParser):
    """Parses origins, separated by commas: ``https://login.example.org,https://sso.example.org:8443``."""

    def __call__(self, text: str) -> list[str]:
        for origin in comma_separated(text):
            parts = split_url(origin)
            is_plain = parts is not None and parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS
            if parts is None or is_plain or not _ORIGIN.fullmatch(origin):
                raise self.error(
                    f"{origin!r} is not an origin; write only https://, host and port, "
                    "for example https://login.example.org"
                )
        return comma_separated(text)
