"""The provider's configuration and keys: OpenID Connect Discovery 1.0 and RFC 7517, cached for ten minutes.

The cache holds the provider's documents, not their validated form: they are validated at every read, by the rules for a
fresh answer. A cached document that fails counts as absent.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from console import safe_cache
from console.addresses import url_origin
from console.recorded_text import recorded
from console.signin.errors import InvalidDiscovery, InvalidKeys, ProviderUnreachable, SignInRefused
from console.signin.oidc.addresses import is_acceptable_address
from console.signin.oidc.foreign_text import describe_issuers
from console.signin.oidc.transport import get_json

CACHE_SECONDS: Final = 600
_LAST_KNOWN_SECONDS: Final = 30 * 24 * 3600  # for which a document is kept for ``login_origins``
_LAST_KNOWN_INTERVAL: Final = 60  # seconds between two reads of it
MIN_REFETCH_SECONDS: Final = 30
"""Between two fetches of the keys. An ID token with an unknown key id causes one, and anybody can send such a token."""

FETCHES_FOR_STRANGERS: Final = 3
"""At once, in a process: less than half of its threads, however many requests come while the provider hangs."""

_WAIT_FOR_FETCH: Final = 0.5  # seconds: usually the provider has answered by then

logger = logging.getLogger(__name__)

_NO_HTTPS_ADDRESS: Final = recorded("signin.no_https_address", "Its {name} is not an https:// address.")
_PRIVATE_ADDRESS: Final = recorded(
    "signin.private_address", "Its {name} is a private address (see OIDC_ALLOW_PRIVATE_ADDRESSES)."
)


_USED_MEMBERS: Final = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "revocation_endpoint",
    "authorization_response_iss_parameter_supported",
    "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
)
"""The members of the discovery document that ``parse_configuration`` reads; the others are not cached."""


@dataclass(frozen=True, slots=True)
class ProviderConfiguration:
    """The part of the discovery document that this console uses (OpenID Connect Discovery 1.0, section 3)."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    revocation_endpoint: str
    sends_iss: bool  # RFC 9207: the callback has a parameter iss
    basic_auth: bool  # the client secret is sent with HTTP Basic (client_secret_basic), not in the form


def discovery_address() -> str:
    """Return the URL of the discovery document (OpenID Connect Discovery 1.0, section 4.1)."""
    return str(settings.OIDC_ISSUER.rstrip("/") + "/.well-known/openid-configuration")


def provider_configuration() -> ProviderConfiguration:
    """Return the provider's configuration.

    Raises:
        ProviderUnreachable: no response.
        InvalidDiscovery: the document names another issuer, or lacks or misnames an endpoint.

    """
    cache_key = f"console:discovery:{settings.OIDC_ISSUER}"
    cached = parse_cached_configuration(safe_cache.get_cached(cache_key), settings.OIDC_ISSUER)
    if cached is not None:
        _last_known.remember(cached)
        return cached
    document = _fetch(discovery_address(), InvalidDiscovery)
    configuration = parse_configuration(document, settings.OIDC_ISSUER)
    used = {name: document[name] for name in _USED_MEMBERS if name in document}
    safe_cache.set_cached(cache_key, used, CACHE_SECONDS)
    safe_cache.set_cached(_last_known_key(), used, _LAST_KNOWN_SECONDS)
    _last_known.remember(configuration)
    return configuration


_for_stranger: ContextVar[bool] = ContextVar("for_stranger", default=False)
_slots = threading.BoundedSemaphore(FETCHES_FOR_STRANGERS)


@contextmanager
def fetch_for_stranger() -> Iterator[None]:
    """Limit the fetches in this block: whoever causes them has not signed in, and no rate limit counts them.

    One that finds no slot raises ``ProviderUnreachable``.
    """
    token = _for_stranger.set(True)
    try:
        yield
    finally:
        _for_stranger.reset(token)


def _fetch(address: str, refusal: type[SignInRefused]) -> dict[str, Any]:
    if not _for_stranger.get():
        return get_json(address, refusal)
    if not _slots.acquire(timeout=_WAIT_FOR_FETCH):
        logger.warning("%s was not fetched: %s requests wait for the provider already.", address, FETCHES_FOR_STRANGERS)
        raise ProviderUnreachable
    try:
        return get_json(address, refusal)
    finally:
        _slots.release()


def login_origins() -> list[str]:
    """Return the origins at which a person may arrive when a form of ours redirects to the provider.

    It never asks the provider, because every page needs it: it uses the last document that any process has read.
    """
    configuration = _last_known.get()
    endpoints = [configuration.authorization_endpoint, configuration.end_session_endpoint] if configuration else []
    addresses = [settings.OIDC_ISSUER, *filter(None, endpoints)]
    return list(dict.fromkeys([*map(url_origin, addresses), *settings.OIDC_LOGIN_ORIGINS]))


class _LastKnown:
    """The last configuration that this process has seen, read again from the cache once a minute."""

    def __init__(self) -> None:
        self._configuration: ProviderConfiguration | None = None
        self._read_at = float("-inf")

    def remember(self, configuration: ProviderConfiguration) -> None:
        self._configuration, self._read_at = configuration, time.monotonic()

    def get(self) -> ProviderConfiguration | None:
        if time.monotonic() - self._read_at > _LAST_KNOWN_INTERVAL:
            stored = parse_cached_configuration(safe_cache.get_cached(_last_known_key()), settings.OIDC_ISSUER)
            self._configuration, self._read_at = stored or self._configuration, time.monotonic()
        return self._configuration


_last_known = _LastKnown()


def _last_known_key() -> str:
    return f"console:last-discovery:{settings.OIDC_ISSUER}"


def parse_cached_configuration(document: Any, issuer: str) -> ProviderConfiguration | None:
    """Return the configuration of a cached discovery document; ``None`` if there is no valid one."""
    if not isinstance(document, dict):
        return None
    try:
        return parse_configuration(document, issuer)
    except InvalidDiscovery:
        return None


def parse_configuration(document: dict[str, Any], issuer: str) -> ProviderConfiguration:
    """Check a discovery document (OpenID Connect Discovery 1.0, section 4.3) and return what the console uses of it.

    Raises:
        InvalidDiscovery: it cannot be used; the page names the reason.

    """
    if document.get("issuer") != issuer:
        raise InvalidDiscovery(describe_issuers(document.get("issuer"), issuer))
    challenges = document.get("code_challenge_methods_supported")
    if isinstance(challenges, list) and "S256" not in challenges:
        raise InvalidDiscovery(recorded("provider.no_pkce", "It does not support PKCE with S256."))
    return ProviderConfiguration(
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", required=False),
        jwks_uri=_endpoint(document, "jwks_uri"),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", required=False),
        revocation_endpoint=_endpoint(document, "revocation_endpoint", required=False),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
        basic_auth=_client_authentication(document) == "client_secret_basic",
    )


def provider_keys(configuration: ProviderConfiguration, *, refetch: bool = False) -> list[dict[str, Any]]:
    """Return the provider's public keys (RFC 7517, section 5).

    Args:
        refetch: bypass the cache, unless the keys were fetched within the last ``MIN_REFETCH_SECONDS``.

    """
    cache_key = f"console:jwks:{configuration.jwks_uri}"
    cached = parse_cached_keys(safe_cache.get_cached(cache_key))
    if cached is not None:
        cached_keys, fetched_at = cached
        if not refetch or time.time() - fetched_at < MIN_REFETCH_SECONDS:
            return cached_keys
    keys = parse_keys(_fetch(configuration.jwks_uri, InvalidKeys))
    safe_cache.set_cached(cache_key, {"keys": keys, "at": time.time()}, CACHE_SECONDS)
    return keys


def parse_cached_keys(document: Any) -> tuple[list[dict[str, Any]], float] | None:
    """Return the keys of a cached key set and when they were fetched; ``None`` if there is no valid one."""
    if not isinstance(document, dict):
        return None
    fetched_at = document.get("at")
    if isinstance(fetched_at, bool) or not isinstance(fetched_at, int | float):
        return None
    try:
        return parse_keys(document), fetched_at
    except InvalidKeys:
        return None


def parse_keys(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the keys of a JSON Web Key Set, without what is not an object."""
    keys = document.get("keys")
    if not isinstance(keys, list):
        raise InvalidKeys(recorded("provider.no_keys", "There is no list of keys."))
    return [key for key in keys if isinstance(key, dict)]


def _client_authentication(document: dict[str, Any]) -> str:
    """Return how the client secret is sent: as the operator says, else as the provider accepts it."""
    if settings.OIDC_CLIENT_AUTHENTICATION:
        return str(settings.OIDC_CLIENT_AUTHENTICATION)
    methods = secret_methods(document)
    if not methods & {"client_secret_basic", "client_secret_post"}:
        raise InvalidDiscovery(
            recorded(
                "signin.accepts_client_secret_neither",
                "It accepts the client secret neither by client_secret_basic nor by client_secret_post.",
            )
        )
    return "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"


def secret_methods(document: dict[str, Any]) -> set[str]:
    """Return how clients authenticate at the token endpoint; client_secret_basic is the default."""
    listed = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return {method for method in listed if isinstance(method, str)} if isinstance(listed, list) else set()


def _endpoint(document: dict[str, Any], name: str, *, required: bool = True) -> str:
    value, issuer = document.get(name), document["issuer"]
    if value is None and not required:
        return ""
    if not is_acceptable_address(value, issuer=issuer, allow_private=True):
        raise InvalidDiscovery(_NO_HTTPS_ADDRESS.format(name=name))
    if not is_acceptable_address(value, issuer=issuer, allow_private=settings.OIDC_ALLOW_PRIVATE_ADDRESSES):
        raise InvalidDiscovery(_PRIVATE_ADDRESS.format(name=name))
    return str(value)
