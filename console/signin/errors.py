"""Why a sign-in is refused: one class a reason, each with the page that says so. None is ever a 500."""

from django.utils.translation import gettext_lazy
from prometheus_client import Counter

from console.error_pages import Problem
from console.recorded_text import recorded

failures = Counter("console_signin_failures_total", "Sign-ins refused, by reason.", ["reason"])

AGAIN = ((gettext_lazy("Sign in again"), "/signin/"),)


class SignInRefused(Problem):
    """A sign-in that does not take place.

    ``http_status``: 400 where the request to the callback is wrong, 403 where the provider or the rules say no, 502
    where the provider's answers are wrong, 503 where it cannot be reached. The operator's log has the message in
    English, like everything that ``console.recorded_text`` knows.
    """

    http_status = 502
    heading = recorded("Sign-in was refused")
    explanation = recorded("The identity provider's answer cannot be accepted.")
    next_step = recorded("Try again; if it happens again, tell the operator of this console.")

    def __init__(self, detail: str = "") -> None:
        message = " ".join(filter(None, [self.explanation, detail, self.next_step]))
        super().__init__(self.http_status, self.heading, message, actions=AGAIN, code=_code(type(self).__name__))


class StateWrong(SignInRefused):
    """``state`` is missing, not ours, used or too old (RFC 6749, section 10.12)."""

    http_status = 400
    explanation = recorded("This sign-in was not started in this browser, was finished before, or took too long.")
    next_step = recorded("Start again.")


class CodeMissing(SignInRefused):
    """The callback came without an authorization code."""

    http_status = 400
    explanation = recorded("The provider sent no authorization code.")


class ProviderSaidNo(SignInRefused):
    """The provider answered with ``error`` (RFC 6749, section 4.1.2.1)."""

    http_status = 403
    explanation = recorded("The identity provider did not sign you in.")


class IssuerParameterWrong(SignInRefused):
    """``iss`` of the callback is wrong or missing (RFC 9207, section 2.4)."""

    http_status = 400
    explanation = recorded("The answer came from another issuer than the one that was asked.")


class DiscoveryWrong(SignInRefused):
    """The discovery document cannot be used (OpenID Connect Discovery 1.0, section 4.3)."""

    explanation = recorded("The identity provider's configuration cannot be used.")


class KeysWrong(SignInRefused):
    """The provider's keys cannot be used."""

    explanation = recorded("The identity provider's signing keys cannot be used.")


class TokenAnswerWrong(SignInRefused):
    """The token endpoint's answer cannot be used."""

    explanation = recorded("The identity provider's token answer cannot be used.")


class CodeRejected(SignInRefused):
    """The token endpoint refused the code."""

    http_status = 403
    explanation = recorded("The identity provider refused the authorization code.")


class IdTokenWrong(SignInRefused):
    """The ID token fails a check (OpenID Connect Core 1.0, section 3.1.3.7)."""

    explanation = recorded("The identity provider's ID token cannot be accepted.")


class UserinfoWrong(SignInRefused):
    """Userinfo cannot be used, or tells of somebody else (OpenID Connect Core 1.0, section 5.3.2)."""

    explanation = recorded("The identity provider's user information cannot be accepted.")


class ProviderUnreachable(SignInRefused):
    """The provider did not answer."""

    http_status = 503
    heading = recorded("The identity provider cannot be reached")
    explanation = recorded("Nobody can sign in at the moment.")
    next_step = recorded("Try again in a minute.")


class HandoverWrong(SignInRefused):
    """A frame's code is wrong, used, too old or another frame's."""

    http_status = 403
    explanation = recorded("The code is wrong, was used before or is too old, or the sign-in was for another frame.")
    next_step = recorded("Start again in this frame.")


def _code(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
