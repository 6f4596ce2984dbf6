"""What the lists have in common: the page around a list stays where the directory cannot be read."""

import math
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from accounts_ui.directory.errors import DirectoryError
from accounts_ui.views.base import client_of, respond
from accounts_ui.views.error_map import problem_for
from console.request import OrganizationRequest


def longer_than_a_moment(request: OrganizationRequest) -> int:
    """Seconds that reading the list will take, where a page that a person opens had better not wait for them; else 0.

    Browsers say that they open a document (Fetch Metadata, W3C); who scripts the console gets the rows at once.
    """
    opened = request.headers.get("Sec-Fetch-Dest") in ("document", "iframe")
    if not opened or request.htmx or "whole" in request.GET:
        return 0
    return math.ceil(client_of(request).expected_wait())


def respond_with_list(
    request: OrganizationRequest, name: str, read: Callable[[], Any], values: dict[str, Any]
) -> HttpResponse:
    """The page with what ``read`` finds, or with the reason why nothing could be read and a way to try again."""
    try:
        found = read()
    except DirectoryError as error:
        problem = problem_for(error, request.organization.id)
        problem.actions = ((gettext("Try again"), request.get_full_path()), *problem.actions)
        response = respond(request, name, {**values, "problem": problem}, status=problem.status)
        for header, value in problem.headers.items():
            response.headers[header] = value
        return response
    age = max(0, round((timezone.now() - found.read_at).total_seconds()))
    return respond(request, name, {**values, "found": found, "age": age})
