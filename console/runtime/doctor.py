"""The checks of ``manage.py doctor``: they test everything the console depends on, and say how to fix what fails.

A check is a function that yields findings, registered under a name with ``doctor_check``. The site's own checks are in
``provider_checks`` and ``doctor_checks``; applications register theirs beside them. ``manage.py check --deploy`` runs
some of them, too.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal

from django.core.checks import WARNING, CheckMessage, Error, Tags, Warning, run_checks  # noqa: A004  (Django's names)

from console.error_pages import Problem
from console.redaction import redact

Level = Literal["ok", "warning", "error"]
CheckFunction = Callable[[], Iterable["Finding"]]

EXTERNAL: Final = "external"
"""The tag of system checks that ask the provider or the database; ``check --deploy`` runs them with the others."""

LONGEST_MESSAGE: Final = 300  # characters of an exception's text

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check. ``fix`` is the next step; ``id`` is that of the system check that reports the same."""

    level: Level
    message: str
    fix: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """A named check. ``fix`` is the next step if the check itself fails with an exception."""

    name: str
    run: CheckFunction
    fix: str


DOCTOR_CHECKS: Final[list[DoctorCheck]] = []

public_url: ContextVar[str] = ContextVar("public_url", default="")
"""The URL under which people open the console, if it is known; otherwise the first of ``ALLOWED_HOSTS`` is used."""


def doctor_check(name: str, *, fix: str) -> Callable[[CheckFunction], CheckFunction]:
    """Register the decorated function, after the checks that are registered already."""

    def register(run: CheckFunction) -> CheckFunction:
        DOCTOR_CHECKS.append(DoctorCheck(name, run, fix))
        return run

    return register


def ok(message: str) -> Finding:
    """Return the finding that nothing is wrong."""
    return Finding("ok", message)


def warning(message: str, fix: str, id: str = "") -> Finding:  # noqa: A002  (Django's name)
    """Return the finding that it may work, but an operator should know."""
    return Finding("warning", message, fix, id)


def error(message: str, fix: str, id: str = "") -> Finding:  # noqa: A002
    """Return the finding that it does not work, or is not safe."""
    return Finding("error", message, fix, id)


def run_doctor_checks() -> Iterator[tuple[str, Finding]]:
    """Run each check, and yield its name with each of its findings."""
    for check in DOCTOR_CHECKS:
        try:
            findings = list(check.run())
        except Exception as exception:  # a check that fails must not hide the others
            logger.debug("The check of %s failed", check.name, exc_info=True)
            findings = [error(_message_of(exception), check.fix)]
        yield from ((check.name, finding) for finding in findings)


def _message_of(exception: Exception) -> str:
    """Return the first line of the exception's text, without secrets."""
    text = exception.message if isinstance(exception, Problem) else redact(str(exception))
    return (text.strip().splitlines() or [type(exception).__name__])[0].rstrip(".")[:LONGEST_MESSAGE]


def as_system_checks(findings: Iterable[Finding]) -> list[CheckMessage]:
    """Return the warnings and errors that have an id as messages of Django's system checks."""
    kinds = {"error": Error, "warning": Warning}
    return [
        kinds[finding.level](f"{finding.message[0].upper()}{finding.message[1:]}.", hint=finding.fix, id=finding.id)
        for finding in findings
        if finding.level != "ok" and finding.id
    ]


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
