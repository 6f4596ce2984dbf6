"""The sandbox's provider and directory, as the history uses them beyond what a console may do."""

import datetime
import json
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from console.addresses import is_loopback
from console.http import exchange

_TIMEOUT: Final = 20.0  # seconds
_MAX_BYTES: Final = 64 * 1024**2


class NotASandbox(Exception):
    """The settings name other servers than a sandbox's."""


class FixedToken:
    """An access token that outlives the history."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        """Return the token."""
        return self._token

    def renewed(self, rejected: str) -> str:
        """Return the same token: there is no other."""
        return self._token


def require_sandbox() -> None:
    """Raise unless provider and directory are on this machine: nobody's real directory gets a made-up history.

    Raises:
        NotASandbox: one of them is elsewhere.

    """
    for url in (settings.OIDC_ISSUER, settings.DIRECTORY_API_URL):
        parts = urlsplit(url)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            raise NotASandbox(f"{url} is not a server of the sandbox.")


def access_token(person: str) -> FixedToken:
    """Return an access token of this person."""
    return FixedToken(_control(settings.OIDC_ISSUER, "", access_token_for=person)["access_token"])


def control_directory(command: str, **values: Any) -> Any:
    """Have the directory do what no console can ask for."""
    return _control(settings.DIRECTORY_API_URL, command, **values)


def set_directory_time(moment: datetime.datetime | None) -> None:
    """Make the directory believe that it is ``moment`` now; ``None`` ends that."""
    control_directory("clock", at=moment.isoformat() if moment else None)


def _control(server: str, command: str, **values: Any) -> Any:
    response = exchange(
        "POST",
        f"{server.rstrip('/')}/_control/{command}",
        timeout=_TIMEOUT,
        max_bytes=_MAX_BYTES,
        headers={"Content-Type": "application/json"},
        body=json.dumps(values).encode(),
    )
    if response.status != 200:
        raise NotASandbox(f"{server} answered {response.status} to a command for the sandbox.")
    return response.json()
