"""A person's preferences for lists, their saved views, and the organizations that they opened. Limits keep it small."""

import logging
from typing import Final

from django.db import Error
from django.utils.translation import gettext

from accounts_ui.preferences import queries
from accounts_ui.preferences.models import ListPreference, SavedView
from accounts_ui.preferences.queries import Owner
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.validation import check_message

logger = logging.getLogger(__name__)

MAX_VIEWS: Final = 50  # of one person, on one page of one organization
MAX_NAME: Final = 80  # characters
MAX_QUERY: Final = 2000  # characters


def list_preference(*, context: AuditContext, page: str) -> ListPreference:
    """Return the person's preference for the page."""
    return queries.stored_preference(_owner(context), page)


def save_list_preference(*, context: AuditContext, page: str, columns: list[str], per_page: int | None) -> None:
    """Save the choice and order of columns, and the size of a page. An empty choice means the defaults."""
    queries.save_preference(_owner(context), page, columns=columns, per_page=per_page)


def saved_views(*, context: AuditContext, page: str) -> list[SavedView]:
    """Return the views of this page that the person saved in the organization."""
    return list(queries.saved_views_of(_owner(context), context.organization_id, page))


def save_view(*, context: AuditContext, page: str, name: str, query: str) -> None:
    """Save the query of a list under a name. A name that exists already gets the new query.

    Raises:
        InvalidInput: no name, a name or a query that is too long, or too many views.

    """
    name = " ".join(check_message(name).split())
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidInput("name", gettext("The name of a view has 1 to %(most)s characters.") % {"most": MAX_NAME})
    if len(query) > MAX_QUERY:
        raise InvalidInput("query", gettext("This view has too many filters to be saved."))
    others = queries.saved_views_of(_owner(context), context.organization_id, page).exclude(name=name)
    if others.count() >= MAX_VIEWS:
        raise InvalidInput(
            "name", gettext("You have saved %(most)s views here; delete one first.") % {"most": MAX_VIEWS}
        )
    queries.store_view(_owner(context), context.organization_id, page, name=name, query=query)


def delete_view(*, context: AuditContext, page: str, name: str) -> None:
    """Delete a saved view, if it exists."""
    queries.saved_views_of(_owner(context), context.organization_id, page).filter(name=name).delete()


def record_organization_opened(*, context: AuditContext) -> None:
    """Record that the person opened the organization. If the database cannot, the page is shown all the same."""
    owner = _owner(context)
    try:
        if queries.opened_organizations(owner)[:1] != [context.organization_id]:
            queries.record_opened(owner, context.organization_id)
    except Error as error:
        logger.warning("It could not be recorded that an organization was opened: %s", error)


def recently_opened(*, issuer: str, subject: str) -> list[str]:
    """Return the ids of the organizations that the person opened, the last one first."""
    return queries.opened_organizations(Owner(issuer, subject))


def _owner(context: AuditContext) -> Owner:
    return Owner(context.issuer, context.subject)
