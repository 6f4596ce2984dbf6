"""The organizations that I may open."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts_ui.services.preferences import recently_opened
from accounts_ui.text.folding import fold, search_words
from accounts_ui.views.base import respond
from console.error_pages import Problem
from console.request import SignedInRequest
from console.signin.access.claim_reader import find_claim
from console.signin.access.explanations import explain_no_access
from console.signin.access.gate import accessible_organizations, signed_in
from console.signin.access.rules import OVERAGE_CLAIMS, OrganizationName, Role

PER_PAGE: Final = 60
FEW: Final = 8  # organizations that need neither a search nor a list of the last ones
MOST_RECENT: Final = 6
MAX_QUERY: Final = 200  # characters


class Card(NamedTuple):
    """An organization on the page. ``role_text``: the person's role there."""

    id: str
    name: str
    address: str
    role_text: str


@signed_in
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """``GET /``: the organizations that I may open. A single one opens; many can be searched (``q``)."""
    organizations = accessible_organizations(request)
    if not organizations:
        raise _no_access(request)
    if len(organizations) == 1:
        return HttpResponseRedirect(reverse("accounts", args=[organizations[0][0].id]))
    return respond(request, "home", _page_values(request, organizations))


def _page_values(request: SignedInRequest, organizations: list[tuple[OrganizationName, Role]]) -> dict[str, Any]:
    q = " ".join(request.GET.get("q", "")[:MAX_QUERY].split())
    words = search_words(q)
    matching = [pair for pair in organizations if _matches(pair[0], words)]
    pages = Paginator(matching, PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    return {
        "title": gettext("Organizations"),
        "filters": {"q": q},
        "total": len(organizations),
        "recent": [] if q or len(organizations) <= FEW else _cards(_recent(request, organizations)),
        "matching": len(matching),
        "cards": _cards(shown),
        "page": shown.number,
        "pages": pages.num_pages,
        "has_search": len(organizations) > FEW,
    }


def _cards(shown: Iterable[tuple[OrganizationName, Role]]) -> list[Card]:
    """Return the cards. The text of each role is translated once, not for each of up to sixty cards."""
    role_texts = {role: gettext("you are %(role)s") % {"role": role.label} for role in Role}
    return [
        Card(organization.id, organization.name, reverse("accounts", args=[organization.id]), role_texts[role])
        for organization, role in shown
    ]


def _matches(organization: OrganizationName, words: list[str]) -> bool:
    """Whether each word is in its name or in its id."""
    text = fold(f"{organization.name} {organization.id}")
    return all(word in text for word in words)


def _recent(
    request: SignedInRequest, organizations: list[tuple[OrganizationName, Role]]
) -> list[tuple[OrganizationName, Role]]:
    by_id = {organization.id: (organization, role) for organization, role in organizations}
    actor = request.actor
    opened = recently_opened(issuer=actor.issuer, subject=actor.subject)
    return [by_id[opened_id] for opened_id in opened if opened_id in by_id][:MOST_RECENT]


def _shown(claim: Any) -> str:
    """Return a claim as JSON, shortened. Bidirectional control characters are escaped: they can disguise text."""
    text = json.dumps(claim, ensure_ascii=False)[:200]
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _no_access(request: SignedInRequest) -> Problem:
    return Problem(
        403,
        gettext("You have no access to any organization"),
        gettext(
            "Your account has none of the groups or roles that give access to this console. Contact the operator of "
            "this console, or sign out and choose another account."
        ),
        reasons=explain_no_access(settings.CONSOLE_ORGANIZATIONS, request.claims),
        details=[
            gettext("Signed in as %(name)s")
            % {"name": request.actor.name or request.actor.email or request.actor.subject},
            *_claim_lines(request.claims),
        ],
        code="no_role",
    )


def _claim_lines(claims: Mapping[str, Any]) -> Iterator[str]:
    """Yield each claim that rules read, with its value, and those that say that others were left out."""
    names = dict.fromkeys(reading.claim for reading in settings.CONSOLE_ORGANIZATIONS.readings)
    names |= dict.fromkeys(["email_verified"] if "email" in names else [])
    for name in (*names, *(name for name in OVERAGE_CLAIMS if name in claims)):
        found = find_claim(claims, name)
        yield f"{name}: {_shown(found.value) if found else gettext('missing')}"
