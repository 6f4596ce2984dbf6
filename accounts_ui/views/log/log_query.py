"""The address of the change log: its filters, and how its changes are grouped."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy

from accounts_ui.changes.models import Action, Outcome
from accounts_ui.changes.queries import LogFilters
from accounts_ui.services.errors import InvalidInput
from accounts_ui.views import query_params
from accounts_ui.views.lists.list_query import MAX_PAGE, ListQuery

MAX_SEQUENCE: Final = 999_999_999
GROUPINGS: Final[Mapping[str, Any]] = {
    "day": gettext_lazy("By day"),
    "plan": gettext_lazy("By plan"),
    "none": gettext_lazy("Ungrouped"),
}


class LogQuery(ListQuery):
    """What an address of the change log asks for."""

    FILTER_NAMES = ("q", "actor", "action", "outcome", "subject_id", "code", "since", "until", "plan")
    NAMES = (*FILTER_NAMES, "page", "group", "after", "seen")

    def check(self) -> None:
        """Check every value that is more than free text."""
        _ = self.filters(), self.grouping, self.after, self.seen

    @property
    def grouping(self) -> str:
        """Return one of ``GROUPINGS``; changes are grouped by day unless the address says otherwise."""
        return query_params.choice(self.value("group"), "group", GROUPINGS, default="day")

    @property
    def after(self) -> int:
        """Return the sequence of the newest event that the page showed."""
        return query_params.number(self.value("after"), "after", default=0, most=MAX_SEQUENCE)

    @property
    def seen(self) -> int:
        """Return how many newer changes the page has announced."""
        return query_params.number(self.value("seen"), "seen", default=0, most=MAX_SEQUENCE)

    @property
    def contradiction(self) -> str:
        """Say why nothing can match, whatever the log has; empty if something can."""
        filters = self.filters()
        if filters.since is None or filters.until is None or filters.since < filters.until:
            return ""
        return gettext("No change can match, because “Since” is later than “Until”. Change or remove one of the dates.")

    def filters_of_export(self) -> LogFilters:
        """Return what to export.

        Raises:
            InvalidInput: nothing can match.

        """
        if self.contradiction:
            raise InvalidInput("until", self.contradiction)
        return self.filters()

    def filters(self) -> LogFilters:
        """Return what to show."""
        return LogFilters(
            q=self.value("q").strip(),
            actor=self.value("actor").strip(),
            action=query_params.choice(self.value("action"), "action", Action.values),
            outcome=query_params.choice(self.value("outcome"), "outcome", Outcome.values),
            subject_id=self.value("subject_id").strip(),
            code=self.value("code").strip(),
            since=query_params.moment(self.value("since"), "since"),
            until=query_params.moment(self.value("until"), "until", end_of_day=True),
            plan=str(query_params.identifier(self.value("plan").strip(), "plan") or ""),
            page=query_params.number(self.value("page"), "page", default=1, most=MAX_PAGE),
        )
