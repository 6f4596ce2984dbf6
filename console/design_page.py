"""``/design/``, only in ``DEBUG``: the design system on one page, with colours, type, spacing and all components."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from console.request import ConsoleRequest
from console.signin.access.gate import public

PAIRS: Final = (
    ("ink", "ground"),
    ("ink", "surface"),
    ("ink", "sunken"),
    ("muted", "ground"),
    ("muted", "surface"),
    ("muted", "sunken"),
    ("accent", "ground"),
    ("accent", "surface"),
    ("accent", "accent-ground"),
    ("accent-ink", "accent"),
    ("surface", "bad"),
    ("good", "good-ground"),
    ("warn", "warn-ground"),
    ("bad", "bad-ground"),
    ("ink", "good-ground"),
    ("ink", "warn-ground"),
    ("ink", "bad-ground"),
)
"""Text colours and their backgrounds: each pair has a contrast of 4.5 or more (WCAG 1.4.3)."""

TONES: Final = ("active", "applied", "pending", "unknown", "deleted", "not_applied", "disabled", "suspended-by-hr")


@public
@require_safe
def design(request: ConsoleRequest) -> HttpResponse:
    """Show it."""
    values = {
        "title": "Design",
        "pairs": PAIRS,
        "tones": TONES,
        "names": ["Ada Admin", "Bo Berg", "Zoë", "Émile de la Tour", "李雷", ""],
        "people": [
            {"label": "Ada Admin", "name": "Ada Admin", "subject_id": "person-ada", "email": "ada@acme.example"}
            | {"username": "", "accounts": {"gold": _account("active"), "worker": _account("disabled", recorded=True)}},
            {
                "label": "bo.berg",
                "name": "",
                "subject_id": "person-bo",
                "email": "",
                "username": "bo.berg",
                "accounts": {},
            },
        ],
        "spaces": [1, 2, 3, 4, 5, 6],
    }
    return render(request, "design/page.html", values)


def _account(status: str, *, recorded: bool = False) -> dict[str, Any]:
    return {"status": status, "recorded": recorded}


def routes_in_debug() -> list[URLPattern]:
    """Return the page's route in ``DEBUG``; otherwise none."""
    return [path("design/", design, name="design")] if settings.DEBUG else []
