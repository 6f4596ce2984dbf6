"""What the pages of lists have in common: the page stays usable if the directory cannot be read."""

import math
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from accounts_ui.directory.errors import DirectoryError
from accounts_ui.views.base import client_of, respond
from accounts_ui.views.error_map import problem_for
from accounts_ui.views.lists.list_query import AccountsQuery
from console import clock
from console.request import OrganizationRequest


def seconds_to_wait(request: OrganizationRequest, query: AccountsQuery) -> int:
    """Return the seconds that reading the list will take, if the page had better be shown before it is read; else 0.

    Only a browser that opens a document gets the page without its rows (Fetch Metadata, W3C). A script that calls the
    console gets the rows at once.
    """
    opens_document = request.headers.get("Sec-Fetch-Dest") in ("document", "iframe")
    if not opens_document or request.htmx or query.shows_at_once:
        return 0
    return math.ceil(client_of(request).expected_wait())


def respond_with_list(
    request: OrganizationRequest, name: str, read: Callable[[], Any], values: dict[str, Any]
) -> HttpResponse:
    """Return the page with the list that ``read`` returns, or with the error and a link to try again."""
    try:
        listed = read()
    except DirectoryError as error:
        problem = problem_for(error, request.organization.id)
        problem.actions = ((gettext("Try again"), request.get_full_path()), *problem.actions)
        response = respond(request, name, {**values, "problem": problem}, status=problem.status)
        for header, value in problem.headers.items():
            response.headers[header] = value
        return response
    age = max(0, round((clock.now() - listed.read_at).total_seconds()))
    return respond(request, name, {**values, "listing": listed, "age": age})
