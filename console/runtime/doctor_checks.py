"""The doctor's checks of the site: settings, provider, keys, client, redirect URI, time, database, cache."""

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
from console.runtime.doctor import Finding, doctor_check, error, ok, public_url, warning
from console.signin.access.rules import rule_claims
from console.signin.errors import SignInRefused
from console.signin.oidc import client, discovery, id_token, transport

TIMEOUT: Final = 5.0  # seconds for one call
NOTABLE_SKEW: Final = 5  # seconds between two clocks; past id_token.LEEWAY nobody can sign in

# Claims that are never a text, or do not identify anybody: a rule on one of them matches nobody, or everybody.
_UNSUITABLE_CLAIMS: Final = frozenset(
    {"email_verified", "phone_number_verified", "address", "updated_at", "nonce", "at_hash", "c_hash", "jti"}
    | {"iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "amr"}
)
# OpenID Connect Core 1.0, section 5.4: the claims that each scope adds.
_SCOPE_CLAIMS: Final = {
    "profile": {"name", "preferred_username", "nickname", "given_name", "family_name", "profile", "website", "locale"},
    "email": {"email"},
    "phone": {"phone_number"},
}


@doctor_check("settings", fix="Correct the environment.")
def diagnose_settings() -> Iterator[Finding]:
    """Yield what ``manage.py check --deploy`` reports."""
    messages = run_checks(tags=[Tags.security], include_deployment_checks=True)
    reported = [message for message in messages if not message.is_silenced()]
    for message in reported:
        finding = error if message.level > WARNING else warning
        yield finding(message.msg.rstrip("."), message.hint or "")
    if not reported:
        yield ok("all settings are safe")


def diagnose_rules() -> Iterator[Finding]:
    """Yield the rules of ``CONSOLE_ORGANIZATIONS`` that cannot work."""
    for claim in sorted(settings.CONSOLE_ORGANIZATIONS.named_claims):
        scope = next((name for name, claims in _SCOPE_CLAIMS.items() if claim in claims), "")
        if claim in _UNSUITABLE_CLAIMS:
            yield error(
                f"CONSOLE_ORGANIZATIONS has a rule on the claim {claim}, which does not identify anybody",
                "Use a claim by which the provider tells people apart: groups, roles, sub or email.",
                "console.E022",
            )
        elif scope and scope not in settings.OIDC_SCOPES:
            yield error(
                f"CONSOLE_ORGANIZATIONS has a rule on the claim {claim}, which only the scope {scope} adds",
                f"Add {scope} to OIDC_SCOPES, or use another claim.",
                "console.E022",
            )


@doctor_check("provider", fix="Correct OIDC_ISSUER, or let this machine reach the provider.")
def diagnose_provider() -> Iterator[Finding]:
    """Check discovery (OpenID Connect Discovery 1.0, section 4), and that the provider knows the rules' claims."""
    document = _fetch_discovery().json()
    discovery.parse_configuration(document, settings.OIDC_ISSUER)
    yield ok(f"the discovery document of {settings.OIDC_ISSUER} is usable")
    supported = document.get("claims_supported")
    if isinstance(supported, list):
        unknown = sorted(rule_claims(settings.CONSOLE_ORGANIZATIONS) - set(map(str, supported)))
        if unknown:
            yield warning(
                f"rules of CONSOLE_ORGANIZATIONS use the claims {', '.join(unknown)}, which the provider does not list",
                "Look at an ID token. Let the provider add these claims, or use some of its claims_supported.",
                "console.W022",
            )


@doctor_check("keys", fix="Make sure that the jwks_uri of the discovery document returns keys.")
def diagnose_keys() -> Iterator[Finding]:
    """Check that some key can verify ID tokens."""
    keys = discovery.provider_keys(_fetch_configuration(), refetch=True)
    usable = [key for key in keys if _is_usable(key)]
    if usable:
        yield ok(f"{len(usable)} of {len(keys)} keys can verify ID tokens")
    else:
        yield error(
            f"none of the provider's {len(keys)} keys can verify ID tokens",
            "Let the provider sign with RSA of 2048 bits or more, ECDSA or EdDSA.",
        )


@doctor_check("client", fix="Make sure that the provider's token endpoint answers.")
def diagnose_client() -> Iterator[Finding]:
    """Check the client's secret: with a made-up code, the code must be all that the provider rejects."""
    form = {"grant_type": "authorization_code", "code": "doctor", "redirect_uri": expected_redirect_uri()}
    form["code_verifier"] = "d" * 43  # the shortest that RFC 7636, section 4.1, allows
    try:
        client.request_token(_fetch_configuration(), form)
    except client.TokenRequestRefused as refused:
        if refused.error in ("invalid_client", "unauthorized_client", "HTTP 401"):
            yield error(
                f"the provider rejects OIDC_CLIENT_ID with OIDC_CLIENT_SECRET ({refused.error})",
                "Compare both with the provider's; the client needs the grants authorization code and refresh token.",
            )
        else:
            yield ok(f"the provider knows the client (a made-up code gets {refused.error})")
    else:
        yield error("the provider issued a token for a made-up code", "Do not use this provider.")


@doctor_check("redirect URI", fix="Make sure that the provider's authorization endpoint answers.")
def diagnose_redirect_uri() -> Iterator[Finding]:
    """Check that it is registered: without a person (``prompt=none``), the provider has to send an error to it."""
    configuration = _fetch_configuration()
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": expected_redirect_uri(),
        "scope": " ".join(settings.OIDC_SCOPES),
        "state": "doctor",
        "nonce": "doctor",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    separator = "&" if "?" in configuration.authorization_endpoint else "?"
    url = f"{configuration.authorization_endpoint}{separator}{urlencode(query)}"
    response = http.exchange("GET", url, timeout=TIMEOUT, max_bytes=transport.MAX_BYTES)
    yield _redirect_finding(response.status, response.headers.get("Location", ""))


def _redirect_finding(status: int, location: str) -> Finding:
    uri = expected_redirect_uri()
    if location.split("?")[0].split("#")[0] == uri:
        code = parse_qs(urlsplit(location).query).get("error", [""])[0]
        if code in ("invalid_scope", "unauthorized_client", "unsupported_response_type"):
            return error(
                f"the provider rejects the authorization request ({code[:40]})",
                "Compare OIDC_SCOPES with what the client may request.",
            )
        return ok(f"{uri} is registered")
    if 300 <= status < 400:
        return warning(
            "the provider asks for a sign-in first, so it does not say whether the redirect URI is registered",
            f"Sign in once. Exactly {uri} has to be registered.",
        )
    return error(
        f"the provider rejects the redirect URI {uri} ({status})", "Register exactly this address at the provider."
    )


def expected_redirect_uri() -> str:
    """Return the address to register at the provider."""
    host = settings.ALLOWED_HOSTS[0].lstrip("*.")
    base = public_url.get() or f"{'http' if is_loopback(host) else 'https'}://{host}"
    return f"{base.rstrip('/')}{reverse('signin-callback')}"


@doctor_check("time", fix="Fix provider and database first.")
def diagnose_clocks() -> Iterator[Finding]:
    """Compare this machine's clock with the provider's (RFC 9110, section 6.6.1) and with the database's."""
    yield _clock_finding("the provider", _seconds_ahead(_fetch_discovery().headers.get("Date", "")))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            yield _clock_finding("the database", float(cursor.fetchone()[0]) - time.time())


def _clock_finding(owner: str, seconds: float | None) -> Finding:
    if seconds is None:
        return warning(f"{owner} does not send its time", "Make sure that this machine's clock is synchronized (NTP).")
    if abs(seconds) > id_token.LEEWAY:
        return error(
            f"the clock of {owner} is {abs(seconds):.0f} seconds {'ahead' if seconds > 0 else 'behind'}: past "
            f"{id_token.LEEWAY} seconds tokens are rejected, and times in the log are wrong",
            "Synchronize both clocks (NTP).",
            "console.E021",
        )
    if abs(seconds) > NOTABLE_SKEW:
        return warning(f"the clock of {owner} differs by {abs(seconds):.0f} seconds", "Synchronize both clocks (NTP).")
    return ok(f"the clock of {owner} agrees within {NOTABLE_SKEW} seconds")


def _seconds_ahead(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@doctor_check("database", fix="Start the database, or correct DATABASE_URL.")
def diagnose_database() -> Iterator[Finding]:
    """Check that it answers, has the newest schema, and accepts enough connections."""
    health.check_database()
    executor = MigrationExecutor(connection)
    unapplied = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if unapplied:
        yield error(f"{len(unapplied)} migrations are not applied", "Run `manage.py migrate`.")
    else:
        yield ok(f"{connection.vendor} answers, with the newest schema")
    if connection.vendor == "postgresql":
        yield _connections_finding()


def _connections_finding() -> Finding:
    """Compare the database's connections with what a replica like this one may use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        [available] = cursor.fetchone()
    each = capacity.max_connections()
    if available < each:
        return warning(
            f"the database accepts {available} connections, but this replica alone may open {each}",
            "Raise max_connections, or lower WEB_CONCURRENCY.",
        )
    return ok(f"the database has connections for {available // each} replicas of {each}")


@doctor_check("cache", fix="Start Redis, or correct CACHE_URL.")
def diagnose_cache() -> Iterator[Finding]:
    """Check that it stores what is written to it."""
    health.check_cache()
    shared = not settings.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    yield ok("the shared cache answers" if shared else "each process has a cache in its own memory")


def diagnose_clock_and_claims() -> Iterator[Finding]:
    """Yield what ``check --deploy`` reports of the provider: only problems that have an id."""
    try:
        response = _fetch_discovery()
        claims = [finding for finding in diagnose_provider() if finding.id]
    except (SignInRefused, http.ExchangeError, _DiscoveryFailed) as failure:
        yield warning(
            f"the provider's time and claims could not be checked: {str(failure).rstrip('.')}",
            "Run `manage.py doctor` on a machine that reaches the provider.",
            "console.W021",
        )
        return
    yield from claims
    yield _clock_finding("the provider", _seconds_ahead(response.headers.get("Date", "")))


class _DiscoveryFailed(Exception):
    """The provider did not return a discovery document."""


def _fetch_discovery() -> http.Response:
    response = http.exchange("GET", discovery.discovery_address(), timeout=TIMEOUT, max_bytes=transport.MAX_BYTES)
    if response.status != 200:
        raise _DiscoveryFailed(f"its discovery document answers {response.status}")
    return response


def _fetch_configuration() -> discovery.ProviderConfiguration:
    return discovery.parse_configuration(_fetch_discovery().json(), settings.OIDC_ISSUER)


def _is_usable(key: dict[str, Any]) -> bool:
    """Return whether the key verifies one of the algorithms that ID tokens may use."""
    for algorithm in id_token.ALGORITHMS:
        try:
            if id_token.select_key([key], key.get("kid"), algorithm):
                return True
        except SignInRefused:
            continue
    return False
