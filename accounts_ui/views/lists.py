"""What the lists have in common: the page around a list stays where the directory cannot be read."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from accounts_ui.directory.errors import DirectoryError
from accounts_ui.views.problems import problem_for
from accounts_ui.views.shared import respond


def respond_with_list(request: HttpRequest, name: str, read: Callable[[], Any], values: dict[str, Any]) -> HttpResponse:
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
