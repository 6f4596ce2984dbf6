"""The parts of any console: settings, provider, keys, client, redirect URI, time, database, cache."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.core.checks import WARNING, Tags, run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from console import http
from console.addresses import is_loopback
from console.runtime import capacity, health
from console.runtime.doctor import Finding, address, bad, doubtful, good, part
from console.signin.access.rules import rule_claims
from console.signin.errors import SignInRefused
from console.signin.oidc import client, discovery, id_token, transport

TIMEOUT: Final = 5.0  # seconds for one call
SKEW_NOTED: Final = 5  # seconds; past id_token.LEEWAY nobody can sign in

# Claims that are never a text, or not about who somebody is: a rule on them matches nobody, or anybody.
_NO_RULES: Final = frozenset(
    {"email_verified", "phone_number_verified", "address", "updated_at", "nonce", "at_hash", "c_hash", "jti"}
    | {"iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "amr"}
)
# OpenID Connect Core 1.0, section 5.4: which scope brings which claims.
_SCOPES: Final = {
    "profile": {"name", "preferred_username", "nickname", "given_name", "family_name", "profile", "website", "locale"},
    "email": {"email"},
    "phone": {"phone_number"},
}


@part("settings", mend="Correct the environment.")
def look_at_settings() -> Iterator[Finding]:
    """What ``manage.py check --deploy`` says of them."""
    found = [one for one in run_checks(tags=[Tags.security], include_deployment_checks=True) if not one.is_silenced()]
    for one in found:
        state = bad if one.level > WARNING else doubtful
        yield state(one.msg.rstrip("."), one.hint or "")
    if not found:
        yield good("nothing to object to")


def check_rules() -> Iterator[Finding]:
    """Whether the claims of ``CONSOLE_ORGANIZATIONS`` can match anybody."""
    for claim in sorted(settings.CONSOLE_ORGANIZATIONS.named_claims):
        scope = next((name for name, claims in _SCOPES.items() if claim in claims), "")
        if claim in _NO_RULES:
            yield bad(
                f"CONSOLE_ORGANIZATIONS has a rule on the claim {claim}, which says nothing of who somebody is",
                "Take a claim that the provider gives to those who may: groups, roles, sub or email.",
                "console.E022",
            )
        elif scope and scope not in settings.OIDC_SCOPES:
            yield bad(
                f"CONSOLE_ORGANIZATIONS has a rule on the claim {claim}, which comes with the scope {scope} only",
                f"Add {scope} to OIDC_SCOPES, or take another claim.",
                "console.E022",
            )


@part("provider", mend="Correct OIDC_ISSUER, or let this machine reach the provider.")
def look_at_provider() -> Iterator[Finding]:
    """Discovery (OpenID Connect Discovery 1.0, section 4), and the claims that rules name."""
    document = _discovery().json()
    discovery.parse_configuration(document, settings.OIDC_ISSUER)
    yield good(f"discovery of {settings.OIDC_ISSUER} can be used")
    supported = document.get("claims_supported")
    if isinstance(supported, list):
        unknown = sorted(rule_claims(settings.CONSOLE_ORGANIZATIONS) - set(map(str, supported)))
        if unknown:
            yield doubtful(
                f"the provider does not list the claims {', '.join(unknown)} that rules of CONSOLE_ORGANIZATIONS name",
                "Look into an ID token; have the provider add them, or take claims of claims_supported.",
                "console.W022",
            )


@part("keys", mend="See that jwks_uri of the discovery document answers with keys.")
def look_at_keys() -> Iterator[Finding]:
    """Whether ID tokens can be verified."""
    listed = discovery.provider_keys(_configuration(), refetch=True)
    usable = [one for one in listed if _is_usable(one)]
    if usable:
        yield good(f"{len(usable)} of {len(listed)} keys can verify ID tokens")
    else:
        yield bad(
            f"none of the provider's {len(listed)} keys can verify ID tokens",
            "Have the provider sign with RSA of 2048 bits or more, ECDSA or EdDSA.",
        )


@part("client", mend="See that the provider's token endpoint answers.")
def look_at_client() -> Iterator[Finding]:
    """Whether the provider takes the client's secret: a code that never was has to be all that it objects to."""
    form = {"grant_type": "authorization_code", "code": "doctor", "redirect_uri": redirect_uri()}
    try:
        client.request_token(
            _configuration(),
            {**form, "code_verifier": "d" * 43},
        )
    except client.TokenRequestRefused as refused:
        if refused.error in ("invalid_client", "unauthorized_client", "HTTP 401"):
            yield bad(
                f"the provider does not take OIDC_CLIENT_ID with OIDC_CLIENT_SECRET ({refused.error})",
                "Compare both with what the provider says; the grants authorization code and refresh token are needed.",
            )
        else:
            yield good(f"the provider knows the client (a made-up code gets {refused.error})")
    else:
        yield bad("the provider gave a token for a made-up code", "Do not use this provider.")


@part("redirect URI", mend="See that the provider's authorization endpoint answers.")
def look_at_redirect_uri() -> Iterator[Finding]:
    """Whether it is registered: asked without a person (``prompt=none``), the provider has to send an error to it."""
    config = _configuration()
    asked = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "scope": " ".join(settings.OIDC_SCOPES),
        "state": "doctor",
        "nonce": "doctor",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    separator = "&" if "?" in config.authorization_endpoint else "?"
    answer = http.exchange(
        "GET",
        f"{config.authorization_endpoint}{separator}{urlencode(asked)}",
        timeout=TIMEOUT,
        max_bytes=transport.MAX_BYTES,
    )
    yield _told_of_redirect(answer.status, answer.headers.get("Location", ""))


def _told_of_redirect(status: int, location: str) -> Finding:
    uri = redirect_uri()
    if location.split("?")[0].split("#")[0] == uri:
        error = parse_qs(urlsplit(location).query).get("error", [""])[0]
        if error in ("invalid_scope", "unauthorized_client", "unsupported_response_type"):
            return bad(f"the provider refuses what is asked for ({error[:40]})", "Compare OIDC_SCOPES with the client.")
        return good(f"{uri} is registered")
    if 300 <= status < 400:
        return doubtful(
            "the provider asks for a person first, so it does not say whether the redirect URI is registered",
            f"Sign in once; {uri} has to be registered exactly so.",
        )
    return bad(
        f"the provider does not take the redirect URI {uri} ({status})", "Register it at the provider, exactly so."
    )


def redirect_uri() -> str:
    """The address to register."""
    host = settings.ALLOWED_HOSTS[0].lstrip("*.")
    base = address.get() or f"{'http' if is_loopback(host) else 'https'}://{host}"
    return f"{base.rstrip('/')}{reverse('signin-callback')}"


@part("time", mend="Mend provider and database first.")
def look_at_time() -> Iterator[Finding]:
    """The clock of this machine against the provider's (RFC 9110, section 6.6.1), and the database's."""
    yield from _skew("the provider", _seconds_ahead(_discovery().headers.get("Date", "")))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            yield from _skew("the database", float(cursor.fetchone()[0]) - time.time())


def _skew(whose: str, seconds: float | None) -> Iterator[Finding]:
    if seconds is None:
        yield doubtful(f"{whose} does not tell the time", "See that this machine's clock is synchronized (NTP).")
    elif abs(seconds) > id_token.LEEWAY:
        yield bad(
            f"the clock of {whose} is {abs(seconds):.0f} seconds {'ahead' if seconds > 0 else 'behind'}: tokens are "
            f"refused past {id_token.LEEWAY} seconds, and times in the log are wrong",
            "Synchronize both clocks (NTP).",
            "console.E021",
        )
    elif abs(seconds) > SKEW_NOTED:
        yield doubtful(f"the clock of {whose} differs by {abs(seconds):.0f} seconds", "Synchronize both clocks (NTP).")
    else:
        yield good(f"the clock of {whose} agrees within {SKEW_NOTED} seconds")


def _seconds_ahead(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@part("database", mend="Start the database, or correct DATABASE_URL.")
def look_at_database() -> Iterator[Finding]:
    """Whether it answers, and has the newest schema."""
    health.check_database()
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield bad(f"{len(waiting)} migrations are not applied", "Run `manage.py migrate`.")
    else:
        yield good(f"{connection.vendor} answers, with the newest schema")
    if connection.vendor == "postgresql":
        yield _told_of_connections()


def _told_of_connections() -> Finding:
    """How many replicas like this one the database has connections for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        [most] = cursor.fetchone()
    each = capacity.connections()
    if most < each:
        return doubtful(
            f"the database takes {most} connections, and this replica alone may want {each}",
            "Raise max_connections, or lower WEB_CONCURRENCY.",
        )
    return good(f"the database has connections for {most // each} replicas of {each}")


@part("cache", mend="Start Redis, or correct CACHE_URL.")
def look_at_cache() -> Iterator[Finding]:
    """Whether it keeps what is written to it."""
    health.check_cache()
    shared = not settings.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    yield good("the shared cache answers" if shared else "each process caches in its own memory")


def check_clock_and_claims() -> Iterator[Finding]:
    """For ``check --deploy``: what only the provider can tell."""
    try:
        answer = _discovery()
        supported = [one for one in look_at_provider() if one.id]
    except (SignInRefused, http.ExchangeError, _NoDiscovery) as error:
        yield doubtful(
            f"the provider could not be asked for the time and its claims: {str(error).rstrip('.')}",
            "Run `manage.py doctor` where the provider can be reached.",
            "console.W021",
        )
        return
    yield from supported
    yield from _skew("the provider", _seconds_ahead(answer.headers.get("Date", "")))


class _NoDiscovery(Exception):
    """There is no discovery document."""


def _discovery() -> http.Answer:
    """The discovery document, fetched now."""
    answer = http.exchange("GET", discovery.discovery_address(), timeout=TIMEOUT, max_bytes=transport.MAX_BYTES)
    if answer.status != 200:
        raise _NoDiscovery(f"its discovery document answers {answer.status}")
    return answer


def _configuration() -> discovery.ProviderConfiguration:
    """The provider's configuration, fetched now."""
    return discovery.parse_configuration(_discovery().json(), settings.OIDC_ISSUER)


def _is_usable(key: dict[str, Any]) -> bool:
    """Whether some algorithm that ID tokens may have is verified by it."""
    for algorithm in id_token.ALGORITHMS:
        try:
            if id_token.select_key([key], key.get("kid"), algorithm):
                return True
        except SignInRefused:
            continue
    return False
