"""Walking a deployment: each part that it stands on is looked at, and what is wrong comes with what to do next.

``manage.py doctor`` walks all of them; ``manage.py check --deploy`` those that are marked for it. A part is a function
that yields findings; the product registers its own beside those of the site.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  (Django's own names)

from console.error_pages import Problem
from console.runtime.logging import redact

State = Literal["good", "doubtful", "bad"]
Look = Callable[[], Iterable["Finding"]]

OUTSIDE: Final = "outside"
"""The tag of system checks that ask the provider or the database; ``check --deploy`` runs them with the others."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of a part. ``mend`` is the next step; ``id`` that of the system check that says the same."""

    state: State
    what: str
    mend: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part by its name, the look at it, and what to do where not even that is possible."""

    name: str
    look: Look
    mend: str


PARTS: Final[list[Part]] = []

address: ContextVar[str] = ContextVar("address", default="")
"""Under which address people open the console, where that is told; else the first of ``ALLOWED_HOSTS`` has to do."""


def part(name: str, *, mend: str) -> Callable[[Look], Look]:
    """Have the decorated function looked at under ``name``, after those that are known already."""

    def add(look: Look) -> Look:
        PARTS.append(Part(name, look, mend))
        return look

    return add


def good(what: str) -> Finding:
    """All is well."""
    return Finding("good", what)


def doubtful(what: str, mend: str, id: str = "") -> Finding:  # noqa: A002  (as Django calls it)
    """It may work, and an operator should know."""
    return Finding("doubtful", what, mend, id)


def bad(what: str, mend: str, id: str = "") -> Finding:  # noqa: A002
    """It does not work, or is not safe."""
    return Finding("bad", what, mend, id)


def walk() -> Iterator[tuple[str, Finding]]:
    """Each part's name with each finding, in the order of the parts."""
    for one in PARTS:
        try:
            findings = list(one.look())
        except Exception as error:  # one part that fails must not hide the others
            logger.debug("Looking at %s failed", one.name, exc_info=True)
            findings = [bad(_told_by(error), one.mend)]
        yield from ((one.name, found) for found in findings)


def _told_by(error: Exception) -> str:
    """The first line of what it says, without secrets."""
    text = error.message if isinstance(error, Problem) else redact(str(error))
    return (text.strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:300]


def as_checks(findings: Iterable[Finding]) -> list[CheckMessage]:
    """Those of the findings that are not good, as system checks: what is bad is an error."""
    kinds = {"bad": Error, "doubtful": Warning}
    return [
        kinds[found.state](f"{found.what[0].upper()}{found.what[1:]}.", hint=found.mend, id=found.id)
        for found in findings
        if found.state != "good" and found.id
    ]
