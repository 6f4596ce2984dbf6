"""The provider's endpoints: discovery, keys, token, userinfo, revocation. All calls go through ``console.http``."""

import time
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from console import http, safe_cache, tracing
from console.addresses import LOOPBACK_HOSTS
from console.recorded_text import recorded
from console.signin.errors import (
    CodeRejected,
    DiscoveryWrong,
    KeysWrong,
    ProviderUnreachable,
    SignInRefused,
    TokenAnswerWrong,
    UserinfoWrong,
)

MAX_BYTES: Final = 512 * 1024
KEPT: Final = 600  # seconds for which discovery and keys are kept
KEYS_AGAIN: Final = 30  # seconds between two fetches of the keys for a key id that is not among them

_ANSWERED: Final = recorded("It answered {answer}.")
_TOKEN_ANSWERED: Final = recorded("Its token endpoint answered {answer}.")
_NO_SECRET: Final = recorded("It takes the client secret neither by client_secret_basic nor by client_secret_post.")
_NO_ADDRESS: Final = recorded("Its {name} is not an https:// address.")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the discovery document says, as far as this console uses it."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    revocation_endpoint: str
    says_iss: bool
    basic_auth: bool


class TokenRefused(Exception):
    """The token endpoint answered with an error (RFC 6749, section 5.2); ``error`` is its code."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def configuration() -> Configuration:
    """The provider's configuration, kept for ten minutes.

    Raises:
        ProviderUnreachable: no answer.
        DiscoveryWrong: it names another issuer, or lacks or misnames an endpoint.

    """
    key = f"console:discovery:{settings.OIDC_ISSUER}"
    kept = safe_cache.kept(key)
    if kept:
        return Configuration(**kept)
    document = _object(_call("GET", discovery_address(), DiscoveryWrong), DiscoveryWrong)
    found = configuration_in(document)
    safe_cache.keep(key, asdict(found), KEPT)
    return found


def discovery_address() -> str:
    """Where the discovery document lies (OpenID Connect Discovery 1.0, section 4.1)."""
    return str(settings.OIDC_ISSUER.rstrip("/") + "/.well-known/openid-configuration")


def configuration_in(document: dict[str, Any]) -> Configuration:
    """What the discovery document says. Raises ``DiscoveryWrong``."""
    return Configuration(**_configuration(document))


def keys(config: Configuration, *, fresh: bool = False) -> list[dict[str, Any]]:
    """The provider's public keys (RFC 7517). ``fresh`` fetches them again, though not more than twice a minute."""
    key = f"console:jwks:{config.jwks_uri}"
    kept = safe_cache.kept(key)
    if kept and (not fresh or time.time() - kept["at"] < KEYS_AGAIN):
        found: list[dict[str, Any]] = kept["keys"]
        return found
    document = _object(_call("GET", config.jwks_uri, KeysWrong), KeysWrong)
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise KeysWrong(recorded("There is no list of keys."))
    found = [one for one in listed if isinstance(one, dict)]
    safe_cache.keep(key, {"keys": found, "at": time.time()}, KEPT)
    return found


def redeem(config: Configuration, *, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
    """Exchange the authorization code (RFC 6749, section 4.1.3, with RFC 7636)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    try:
        return token_request(config, form)
    except TokenRefused as error:
        raise CodeRejected(f"({error.error})") from None


def token_request(config: Configuration, form: dict[str, str]) -> dict[str, Any]:
    """A call of the token endpoint, as the client.

    Raises:
        TokenRefused: an error answer (4xx).
        TokenAnswerWrong: anything else that is no token.
        ProviderUnreachable: no answer, or a 5xx.

    """
    answer = _as_client(config, config.token_endpoint, form, TokenAnswerWrong)
    if 400 <= answer.status < 500 and answer.status != 429:
        raise TokenRefused(_error_code(answer))
    if answer.status >= 500 or answer.status == 429:
        raise ProviderUnreachable(_TOKEN_ANSWERED.format(answer=answer.status))
    document = _object(answer, TokenAnswerWrong)
    access_token, kind = document.get("access_token"), document.get("token_type")
    if not isinstance(access_token, str) or not access_token:
        raise TokenAnswerWrong(recorded("It holds no access token."))
    if not all(33 <= ord(c) < 127 for c in access_token):
        raise TokenAnswerWrong(recorded("Its access token cannot stand in a header."))
    refresh_token = document.get("refresh_token")
    if isinstance(refresh_token, str) and not all(32 <= ord(c) < 127 for c in refresh_token):  # RFC 6749, A.17
        raise TokenAnswerWrong(recorded("Its refresh token holds characters that no token has."))
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenAnswerWrong(recorded("Its token_type is not Bearer."))
    return document


def userinfo(config: Configuration, access_token: str, subject: str) -> dict[str, Any]:
    """The claims about the person; ``{}`` where the provider has no such endpoint."""
    if not config.userinfo_endpoint:
        return {}
    answer = _call("GET", config.userinfo_endpoint, UserinfoWrong, headers={"Authorization": f"Bearer {access_token}"})
    document = _object(answer, UserinfoWrong)
    if document.get("sub") != subject:
        raise UserinfoWrong(recorded("It tells of another person (sub) than the ID token."))
    return document


def revoke(config: Configuration, token: str, hint: str) -> bool:
    """Revoke a token (RFC 7009). Failing at it keeps nobody from signing out. Whether the provider answered."""
    if not config.revocation_endpoint or not token:
        return True
    try:
        _as_client(config, config.revocation_endpoint, {"token": token, "token_type_hint": hint}, TokenAnswerWrong)
    except SignInRefused:
        return False
    return True


def _configuration(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("issuer") != settings.OIDC_ISSUER:
        raise DiscoveryWrong(recorded("It names another issuer than OIDC_ISSUER."))
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    methods = methods if isinstance(methods, list) else []
    if not {"client_secret_basic", "client_secret_post"} & {m for m in methods if isinstance(m, str)}:
        raise DiscoveryWrong(
            recorded("It takes the client secret neither by client_secret_basic nor by client_secret_post.")
        )
    challenges = document.get("code_challenge_methods_supported")
    if isinstance(challenges, list) and "S256" not in challenges:
        raise DiscoveryWrong(recorded("It does not support PKCE with S256."))
    return {
        "authorization_endpoint": _endpoint(document, "authorization_endpoint"),
        "token_endpoint": _endpoint(document, "token_endpoint"),
        "userinfo_endpoint": _endpoint(document, "userinfo_endpoint", needed=False),
        "jwks_uri": _endpoint(document, "jwks_uri"),
        "end_session_endpoint": _endpoint(document, "end_session_endpoint", needed=False),
        "revocation_endpoint": _endpoint(document, "revocation_endpoint", needed=False),
        "says_iss": document.get("authorization_response_iss_parameter_supported") is True,
        "basic_auth": "client_secret_basic" in methods,
    }


def _endpoint(document: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = document.get(name)
    if value is None and not needed:
        return ""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    except ValueError:
        secure = False
    if not secure or not parts.hostname or parts.username or parts.fragment:
        raise DiscoveryWrong(_NO_ADDRESS.format(name=name))
    return str(value)


def _as_client(config: Configuration, address: str, form: dict[str, str], refusal: type[SignInRefused]) -> http.Answer:
    identity = (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
    if config.basic_auth:
        return _exchange("POST", address, refusal, form=form, basic_auth=identity)
    form = {**form, "client_id": identity[0], "client_secret": identity[1]}
    return _exchange("POST", address, refusal, form=form)


def _call(method: str, address: str, refusal: type[SignInRefused], **more: Any) -> http.Answer:
    answer = _exchange(method, address, refusal, **more)
    if answer.status >= 500 or answer.status == 429:
        raise ProviderUnreachable(_ANSWERED.format(answer=answer.status))
    if answer.status != 200:
        raise refusal(_ANSWERED.format(answer=answer.status))
    return answer


def _exchange(method: str, address: str, refusal: type[SignInRefused], **more: Any) -> http.Answer:
    try:
        with tracing.span("provider", {"http.request.method": method}):  # somebody else, who is told of no trace
            return http.exchange(method, address, timeout=settings.OIDC_TIMEOUT, max_bytes=MAX_BYTES, **more)
    except (http.AnswerTooLarge, http.AnswerGarbled) as error:
        raise refusal(error.detail) from error
    except http.ExchangeError as error:
        raise ProviderUnreachable(error.detail) from error


def _object(answer: http.Answer, refusal: type[SignInRefused]) -> dict[str, Any]:
    try:
        document = answer.json()
    except http.NotJson as error:
        raise refusal(error.detail) from error
    if not isinstance(document, dict):
        raise refusal(recorded("It is not a JSON object."))
    return document


def _error_code(answer: http.Answer) -> str:
    try:
        error = answer.json().get("error")
    except (http.NotJson, AttributeError):
        error = None
    # RFC 6749, section 5.2: printable ASCII. Its description is free text, and stays outside.
    known = isinstance(error, str) and len(error) <= 60 and error.replace("_", "").isalnum() and error.isascii()
    return str(error) if known else f"HTTP {answer.status}"
