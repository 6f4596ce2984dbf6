"""How a person likes their lists, and the views that they saved. Limits keep it small."""

import logging
from typing import Final

from django.db import Error
from django.utils.translation import gettext

from accounts_ui.preferences import queries
from accounts_ui.preferences.models import Look, SavedView
from accounts_ui.preferences.queries import Owner
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.validation import check_message

logger = logging.getLogger(__name__)

MAX_VIEWS: Final = 50  # of one person, on one page of one organization
MAX_NAME: Final = 80  # characters
MAX_QUERY: Final = 2000  # characters


def look_of(*, context: AuditContext, page: str) -> Look:
    """How the person who asks likes the page."""
    return queries.look_of(_owner(context), page)


def remember_look(*, context: AuditContext, page: str, columns: list[str], per_page: int | None) -> None:
    """Keep the choice and order of columns, and the size of a page. Nothing: as everybody sees it."""
    queries.keep_look(_owner(context), page, columns=columns, per_page=per_page)


def saved_views(*, context: AuditContext, page: str) -> list[SavedView]:
    """What the person saved of this page here."""
    return list(queries.views_of(_owner(context), context.organization_id, page))


def save_view(*, context: AuditContext, page: str, name: str, query: str) -> None:
    """Keep an address under a name.

    Raises:
        InvalidInput: no name, a name or an address that is too long, or too many views.

    """
    name = " ".join(check_message(name).split())
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidInput("name", gettext("The name of a view has 1 to %(most)s characters.") % {"most": MAX_NAME})
    if len(query) > MAX_QUERY:
        raise InvalidInput("query", gettext("This view has too many filters to be saved."))
    others = queries.views_of(_owner(context), context.organization_id, page).exclude(name=name)
    if others.count() >= MAX_VIEWS:
        raise InvalidInput(
            "name", gettext("You have saved %(most)s views here; delete one first.") % {"most": MAX_VIEWS}
        )
    queries.keep_view(_owner(context), context.organization_id, page, name=name, query=query)


def delete_view(*, context: AuditContext, page: str, name: str) -> None:
    """Forget a saved view; one that is gone already is gone."""
    queries.views_of(_owner(context), context.organization_id, page).filter(name=name).delete()


def note_visit(*, context: AuditContext) -> None:
    """Remember that the person came to the organization. Never in the way of the page."""
    owner = _owner(context)
    try:
        if queries.opened_by(owner)[:1] != [context.organization_id]:
            queries.note_opened(owner, context.organization_id)
    except Error as error:
        logger.warning("A visit was not noted: %s", error)


def recently_opened(*, issuer: str, subject: str) -> list[str]:
    """The ids of the organizations that the person came to, the last one first."""
    return queries.opened_by(Owner(issuer, subject))


def _owner(context: AuditContext) -> Owner:
    return Owner(context.issuer, context.subject)
