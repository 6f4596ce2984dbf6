"""HTTP calls to the provider, with the errors of ``console.signin.errors``. All of them go through ``console.http``."""

from typing import Any, Final

from django.conf import settings

from console import http
from console.recorded_text import recorded
from console.runtime import telemetry
from console.signin.errors import ProviderUnreachable, SignInRefused

MAX_BYTES: Final = 2 * 1024 * 1024
"""The largest response accepted. An ID token can name 10,000 groups; most documents have some 10 kB."""

_ANSWERED: Final = recorded("provider.answered", "It answered {answer}.")


def get_json(address: str, refusal: type[SignInRefused], *, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Fetch a JSON object.

    Args:
        refusal: the error to raise if the response is not a JSON object with the status 200.

    Raises:
        ProviderUnreachable: no response, 429 or 5xx.

    """
    response = send("GET", address, refusal, headers=headers)
    if is_overloaded(response):
        raise ProviderUnreachable(_ANSWERED.format(answer=response.status))
    if response.status != 200:
        raise refusal(_ANSWERED.format(answer=response.status))
    return json_object(response, refusal)


def send(method: str, address: str, refusal: type[SignInRefused], **options: Any) -> http.Response:
    """Send one request and return the response, whatever its status. ``options`` are those of ``http.exchange``."""
    try:
        # The provider belongs to somebody else: it gets no trace id.
        with telemetry.start_span("provider", {"http.request.method": method}):
            return http.exchange(method, address, timeout=settings.OIDC_TIMEOUT, max_bytes=MAX_BYTES, **options)
    except (http.ResponseTooLarge, http.MalformedResponse) as error:
        raise refusal(error.detail) from error
    except http.ExchangeError as error:
        raise ProviderUnreachable(error.detail) from error


def is_overloaded(response: http.Response) -> bool:
    """Return whether the provider failed in a way that can be over in a minute."""
    return response.status >= 500 or response.status == 429


def json_object(response: http.Response, refusal: type[SignInRefused]) -> dict[str, Any]:
    """Return the body of the response as a JSON object."""
    try:
        document = response.json()
    except http.InvalidJson as error:
        raise refusal(error.detail) from error
    if not isinstance(document, dict):
        raise refusal(recorded("provider.no_json_object", "It is not a JSON object."))
    return document
