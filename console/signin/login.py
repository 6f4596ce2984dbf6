"""From a verified person and their tokens to a signed-in session."""

import datetime
import logging
from typing import Any

from allauth.socialaccount.internal.flows.login import complete_login
from django.conf import settings
from prometheus_client import Counter

from console.recorded_text import recorded
from console.request import ConsoleRequest
from console.signin import user_agent
from console.signin.access.rules import rule_claims
from console.signin.errors import StateWrong
from console.signin.models import User
from console.signin.oidc.authorization import provider
from console.signin.return_to import forms_kept, hand_over
from console.signin.tokens import Secret, seal

logger = logging.getLogger(__name__)

signins = Counter("console_signins_total", "Sign-ins that took place.")


def open_session(
    request: ConsoleRequest, person: dict[str, Any], answer: dict[str, Any], *, ends: datetime.datetime | None
) -> None:
    """Through allauth to a signed-in session with a new key.

    Args:
        person: the claims of the ID token and of userinfo, verified.
        answer: of the token endpoint.
        ends: when its access token ends; ``None`` where it does not say.

    """
    kept = forms_kept(request)
    if request.actor is not None:
        request.session.end()
    person = {**person, "name": _text(person.get("name") or person.get("preferred_username")), "email": _email(person)}
    login = provider(request).sociallogin_from_response(request, {"userinfo": person})
    login.state = {"process": "login"}
    complete_login(request, login)
    user = request.user
    if not isinstance(user, User):
        raise StateWrong(recorded("The session could not be opened."))
    User.objects.filter(pk=user.pk).update(name=person["name"], email=person["email"])
    hand_over(request, kept, (user.issuer, user.subject))
    request.session.save()
    refresh_token = answer.get("refresh_token")
    secret = Secret(
        answer["access_token"],
        refresh_token if isinstance(refresh_token, str) else "",
        answer["id_token"],
        {name: person[name] for name in rule_claims(settings.CONSOLE_ORGANIZATIONS) if name in person},
    )
    where = {"ip": request.ip, "agent": user_agent.kept(request.headers.get("User-Agent", ""))}
    request.session.hold(user, seal(secret), ends, **where)
    signins.inc()
    logger.info("Signed in: %s", person["sub"])


def _email(person: dict[str, Any]) -> str:
    return _text(person.get("email"))


def _text(value: Any) -> str:
    """A name or address as one printable line; the provider's free text goes no further than this."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:255]).split())
