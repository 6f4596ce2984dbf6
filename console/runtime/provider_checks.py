"""The doctor's checks of the provider: configuration, claims, keys, client, redirect URI, sign-out, refresh tokens."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse

from console import http
from console.addresses import is_loopback
from console.runtime.doctor import Finding, doctor_check, error, ok, public_url, warning
from console.signin.access.claim_reader import top_level_names
from console.signin.errors import SignInRefused
from console.signin.models import Session
from console.signin.oidc import authorization, client, discovery, id_token, transport
from console.signin.oidc.foreign_text import describe_error
from console.signin.oidc.refresh_hint import refresh_hint
from console.signin.session_secrets import decrypt_secrets

TIMEOUT: Final = 5.0  # seconds for one call

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


def diagnose_rules() -> Iterator[Finding]:
    """Yield the rules of ``CONSOLE_ORGANIZATIONS`` that cannot work."""
    for claim in sorted(_claims_of_rules()):
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
    document = fetch_discovery().json()
    discovery.parse_configuration(document, settings.OIDC_ISSUER)
    yield ok(f"the discovery document of {settings.OIDC_ISSUER} is usable")
    yield from _settings_findings(document)
    supported = document.get("claims_supported")
    if isinstance(supported, list):
        listed = set(map(str, supported))
        names = _claims_of_rules()
        names |= {"email_verified"} if "email" in names else set()
        unknown = sorted(name for name in names if listed.isdisjoint(top_level_names(name)))
        if unknown:
            yield warning(
                f"rules of CONSOLE_ORGANIZATIONS use the claims {', '.join(unknown)}, which the provider does not list",
                "Look at an ID token. Let the provider add these claims, or use some of its claims_supported.",
                "console.W022",
            )


def _settings_findings(document: dict[str, Any]) -> Iterator[Finding]:
    """Compare settings with what the provider says that it supports."""
    method = settings.OIDC_CLIENT_AUTHENTICATION
    if method and method not in discovery.secret_methods(document):
        yield warning(
            f"OIDC_CLIENT_AUTHENTICATION is {method}, which the provider does not list",
            "Use one of its token_endpoint_auth_methods_supported.",
        )
    if settings.OIDC_USERINFO != "off" and not document.get("userinfo_endpoint"):
        yield warning(
            "the provider has no userinfo_endpoint, so all claims have to be in the ID token",
            "Set OIDC_USERINFO=off if they are.",
        )


def _claims_of_rules() -> set[str]:
    return {reading.claim for reading in settings.CONSOLE_ORGANIZATIONS.readings}


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
        if refused.is_about_client or refused.error == "unauthorized_client":
            yield error(
                f"the provider rejects OIDC_CLIENT_ID with OIDC_CLIENT_SECRET ({refused.error}): "
                f"{_sentence(refused.text)}",
                "Compare both with the provider's, and OIDC_CLIENT_AUTHENTICATION with the way in which it takes them. "
                "The client needs the grants authorization code and refresh token.",
            )
        else:
            yield ok(f"the provider knows the client (a made-up code gets {refused.error})")
    else:
        yield error("the provider issued a token for a made-up code", "Do not use this provider.")


def _sentence(text: str) -> str:
    return str(text).rstrip(".")


@doctor_check("redirect URI", fix="Make sure that the provider's authorization endpoint answers.")
def diagnose_redirect_uri() -> Iterator[Finding]:
    """Check that it is registered: without a person (``prompt=none``), the provider has to send an error to it."""
    uri = expected_redirect_uri()
    response = _probe(uri, prompt="none")
    location = response.headers.get("Location", "")
    if location.split("?")[0].split("#")[0] == uri:
        yield _redirected_finding(uri, location)
    elif _refuses_only_other_address(uri):
        yield ok(f"{uri} is registered: the provider refuses another address, and not this one")
    else:
        yield _undecided_finding(uri, response.status)


def _probe(redirect_uri: str, **parameters: str) -> http.Response:
    """Send an authorization request without a person, and return the answer."""
    url = authorization.request_url(
        _fetch_configuration(),
        redirect_uri=redirect_uri,
        state="doctor-0123456789",  # some providers refuse short ones
        nonce="doctor-0123456789",
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
        **parameters,
    )
    return http.exchange("GET", url, timeout=TIMEOUT, max_bytes=transport.MAX_BYTES)


def _refuses_only_other_address(uri: str) -> bool:
    """Compare, without ``prompt=none``, the answer for an address that is certainly not registered."""
    return _probe(uri).status < 400 <= _probe(f"{uri}not-registered/").status < 500


def _redirected_finding(uri: str, location: str) -> Finding:
    query = parse_qs(urlsplit(location).query)
    code = query.get("error", [""])[0]
    if code in ("invalid_scope", "unauthorized_client", "unsupported_response_type", "invalid_request"):
        said = describe_error(code, query.get("error_description", [""])[0])
        return error(
            f"the provider rejects the authorization request ({code}): {_sentence(said)}",
            "Compare OIDC_SCOPES and OIDC_AUTHORIZATION_PARAMETERS with what the client may request.",
        )
    return ok(f"{uri} is registered")


def _undecided_finding(uri: str, status: int) -> Finding:
    """Return that nothing is proved: an error page can mean the address, or ``prompt=none``, or anything else."""
    if 300 <= status < 400:
        told = "the provider asks for a sign-in first"
    else:
        told = f"the provider answers {status} to a request without a person (prompt=none)"
    return warning(
        f"cannot tell whether the redirect URI is registered: {told}",
        f"Sign in once. Exactly {uri} has to be registered.",
    )


@doctor_check("sign-out", fix="Make sure that the provider's discovery document can be read.")
def diagnose_sign_out() -> Iterator[Finding]:
    """Check what signing out can end at the provider."""
    document = fetch_discovery().json()
    configuration = discovery.parse_configuration(document, settings.OIDC_ISSUER)
    if configuration.end_session_endpoint:
        yield ok("signing out ends the provider's session, too (end_session_endpoint)")
    else:
        yield warning(
            "the provider has no end_session_endpoint: who signs out here stays signed in there, and the page says so",
            "Let the provider's sessions be short, or tell people to sign out there on shared computers.",
        )
    if configuration.revocation_endpoint:
        yield ok("signing out revokes the tokens (revocation_endpoint)")
    else:
        yield warning(
            "the provider has no revocation_endpoint: after a sign-out, tokens are forgotten but valid until they "
            "expire",
            "Let access tokens live for minutes, not hours.",
        )
    if document.get("backchannel_logout_supported") is True:
        yield ok("the provider can end sessions here (back-channel logout), if its address is registered")
    else:
        yield ok(
            "the provider has no back-channel logout: a session that ends there ends here with the next refresh, or "
            "within ten minutes of use"
        )


@doctor_check("refresh token", fix="Make sure that the provider's discovery document can be read.")
def diagnose_refresh_tokens() -> Iterator[Finding]:
    """Check whether the last sign-in brought a refresh token; without one, a session ends with its access token."""
    brought = _last_sign_in_brought_refresh_token()
    if brought is False:
        yield warning(
            "the last sign-in brought no refresh token, so sessions end with their access tokens", refresh_hint()
        )
    elif brought:
        yield ok("the last sign-in brought a refresh token")
    else:
        yield _promised_refresh_finding(fetch_discovery().json())


def _last_sign_in_brought_refresh_token() -> bool | None:
    """Return ``None`` if nobody is signed in, or if the database cannot say."""
    try:
        row = Session.objects.filter(ended_at=None).exclude(secret="").order_by("-signed_in_at").first()
    except DatabaseError:  # the check of the database reports it
        return None
    secrets = decrypt_secrets(row.secret) if row else None
    return bool(secrets.refresh_token) if secrets else None


def _promised_refresh_finding(document: dict[str, Any]) -> Finding:
    grants = document.get("grant_types_supported")
    if isinstance(grants, list) and "refresh_token" not in grants:
        return warning("the provider does not list the grant refresh_token", "Sessions end with their access tokens.")
    return ok("nobody is signed in: the first sign-in shows whether the provider sends refresh tokens")


def expected_redirect_uri() -> str:
    """Return the address to register at the provider."""
    host = settings.ALLOWED_HOSTS[0].lstrip("*.")
    base = public_url.get() or f"{'http' if is_loopback(host) else 'https'}://{host}"
    return f"{base.rstrip('/').removesuffix(settings.CONSOLE_PATH_PREFIX)}{reverse('signin-callback')}"


class DiscoveryFailed(Exception):
    """The provider did not return a discovery document."""


def fetch_discovery() -> http.Response:
    """Return the response with the discovery document, past the cache."""
    response = http.exchange("GET", discovery.discovery_address(), timeout=TIMEOUT, max_bytes=transport.MAX_BYTES)
    if response.status != 200:
        raise DiscoveryFailed(f"its discovery document answers {response.status}")
    return response


def _fetch_configuration() -> discovery.ProviderConfiguration:
    return discovery.parse_configuration(fetch_discovery().json(), settings.OIDC_ISSUER)


def _is_usable(key: dict[str, Any]) -> bool:
    """Return whether the key verifies one of the algorithms that ID tokens may use."""
    for algorithm in id_token.ALGORITHMS:
        try:
            if id_token.select_key([key], key.get("kid"), algorithm):
                return True
        except SignInRefused:
            continue
    return False
