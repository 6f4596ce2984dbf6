"""The reasons to refuse a sign-in: one class each, with the page that explains it. None of them is a 500.

::

    SignInRefused
    ├── InvalidState            400  the callback does not belong to this browser
    ├── MissingCode             400  the callback has no authorization code
    ├── InvalidIssuerParameter  400  the callback comes from another issuer
    ├── ProviderDeclined        403  the provider answered with an error
    ├── CodeRejected            403  the token endpoint refused the code
    ├── ClientRejected          502  the token endpoint refused the client's id or secret
    ├── InvalidFrameCode         403  a frame's code is wrong
    ├── InvalidDiscovery        502  the discovery document cannot be used
    ├── InvalidKeys             502  the signing keys cannot be used
    ├── InvalidTokenResponse    502  the token response cannot be used
    ├── InvalidIdToken          502  the ID token fails a check
    ├── InvalidLogoutToken      400  a logout token of the provider fails a check
    ├── InvalidUserinfo         502  the user information cannot be used
    └── ProviderUnreachable     503  the provider does not answer
    SignInEnded                 an existing sign-in is over
"""

from typing import Final

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy
from prometheus_client import Counter

from console.error_pages import Problem
from console.recorded_text import join_texts, recorded

signin_failures = Counter("console_signin_failures_total", "Sign-ins refused, by reason.", ["reason"])

_ACTIONS: Final = ((gettext_lazy("Sign in again"), reverse_lazy("signin")),)


class SignInRefused(Problem):
    """A sign-in that was refused.

    Attributes:
        http_status: 400 if the request to the callback is wrong, 403 if the provider says no, 502 if the provider's
            response is invalid, 503 if it cannot be reached.
        explanation: what happened. It is translated on the page, and written to the operator's log in English.
        next_step: what the person can do.
        detail: what is wrong in particular; empty if ``explanation`` says it all.

    """

    http_status = 502
    heading = recorded("signin.sign_in_refused.heading", "Sign-in was refused")
    explanation = recorded("signin.sign_in_refused.explanation", "The identity provider's response cannot be accepted.")
    next_step = recorded(
        "signin.sign_in_refused.next_step", "Try again. If it happens again, contact the operator of this console."
    )

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        message = join_texts(self.explanation, detail, self.next_step)
        super().__init__(
            self.http_status, self.heading, message, actions=_ACTIONS, code=_snake_case(type(self).__name__)
        )


class InvalidState(SignInRefused):
    """``state`` is missing, unknown, already used or expired (RFC 6749, section 10.12)."""

    http_status = 400
    explanation = recorded(
        "signin.invalid_state.explanation",
        "This sign-in was not started in this browser, was already completed, or took too long.",
    )
    next_step = recorded("signin.invalid_state.next_step", "Start again.")


class MissingCode(SignInRefused):
    """The callback has no authorization code."""

    http_status = 400
    explanation = recorded("signin.missing_code.explanation", "The provider sent no authorization code.")


class ProviderDeclined(SignInRefused):
    """The provider answered the authorization request with ``error`` (RFC 6749, section 4.1.2.1)."""

    http_status = 403
    explanation = recorded("signin.provider_declined.explanation", "The identity provider did not sign you in.")


class InvalidIssuerParameter(SignInRefused):
    """The ``iss`` parameter of the callback is wrong or missing (RFC 9207, section 2.4)."""

    http_status = 400
    explanation = recorded(
        "signin.invalid_issuer_parameter.explanation",
        "The response did not come from the configured identity provider.",
    )


class InvalidDiscovery(SignInRefused):
    """The discovery document cannot be used (OpenID Connect Discovery 1.0, section 4.3)."""

    explanation = recorded(
        "signin.invalid_discovery.explanation", "The identity provider's configuration cannot be used."
    )


class InvalidKeys(SignInRefused):
    """The provider's keys cannot be used (RFC 7517)."""

    explanation = recorded("signin.invalid_keys.explanation", "The identity provider's signing keys cannot be used.")


class InvalidTokenResponse(SignInRefused):
    """The token response cannot be used (RFC 6749, section 5.1)."""

    explanation = recorded(
        "signin.invalid_token_response.explanation", "The identity provider's token response cannot be used."
    )


class CodeRejected(SignInRefused):
    """The token endpoint refused the authorization code (RFC 6749, section 5.2)."""

    http_status = 403
    explanation = recorded("signin.code_rejected.explanation", "The identity provider refused the authorization code.")


class ClientRejected(SignInRefused):
    """The token endpoint refused the client (RFC 6749, section 5.2: invalid_client)."""

    explanation = recorded(
        "signin.client_rejected.explanation",
        "The identity provider does not accept this console’s client id and secret.",
    )
    next_step = recorded(
        "signin.client_rejected.next_step",
        "The operator of this console has to compare OIDC_CLIENT_ID and OIDC_CLIENT_SECRET with the provider’s, and "
        "the way in which it takes them with OIDC_CLIENT_AUTHENTICATION.",
    )


class InvalidIdToken(SignInRefused):
    """The ID token fails a check (OpenID Connect Core 1.0, section 3.1.3.7)."""

    explanation = recorded(
        "signin.invalid_id_token.explanation", "The identity provider's ID token cannot be accepted."
    )


class InvalidLogoutToken(SignInRefused):
    """A logout token fails a check (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""

    http_status = 400
    explanation = recorded("signin.invalid_logout_token.explanation", "The logout token cannot be accepted.")


class InvalidUserinfo(SignInRefused):
    """Userinfo cannot be used, or describes another person (OpenID Connect Core 1.0, section 5.3.2)."""

    explanation = recorded(
        "signin.invalid_userinfo.explanation", "The identity provider's user information cannot be accepted."
    )


class ProviderUnreachable(SignInRefused):
    """The provider did not answer, or answered with 429 or 5xx."""

    http_status = 503
    heading = recorded("signin.provider_unreachable.heading", "The identity provider cannot be reached")
    explanation = recorded("signin.provider_unreachable.explanation", "Nobody can sign in at the moment.")
    next_step = recorded("signin.provider_unreachable.next_step", "Try again in a minute.")


class InvalidFrameCode(SignInRefused):
    """A frame's code is wrong, already used, expired, or belongs to another frame."""

    http_status = 403
    explanation = recorded(
        "signin.invalid_frame_code.explanation",
        "The code is wrong, was already used, has expired, or belongs to another frame.",
    )
    next_step = recorded("signin.invalid_frame_code.next_step", "Start again in this frame.")


class SignInEnded(Exception):
    """The sign-in is over; the person has to sign in again."""


def _snake_case(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


for _refusal in SignInRefused.__subclasses__():
    signin_failures.labels(_snake_case(_refusal.__name__))  # each series exists from the start, as 0
