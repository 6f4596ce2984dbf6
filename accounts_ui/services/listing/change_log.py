"""The change log as its page shows it: what matches, what can be counted of it, and the state of the log itself."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from accounts_ui.changes import change_index, event_storage, exports, queries
from accounts_ui.changes.checkpoints import statements
from accounts_ui.changes.checkpoints.leaves import MissingLeaf
from accounts_ui.changes.evidence import pack
from accounts_ui.changes.models import Checkpoint
from accounts_ui.changes.queries import LogFilters, LogPage
from accounts_ui.changes.statistics.activity import Activity, count_activity
from accounts_ui.changes.verification import runs
from accounts_ui.changes.verification.runs import VerificationStatus
from accounts_ui.plans.models import Plan
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.bulk.plans_of_changes import PlansOfPage, changes_of_plan, plan_of_log, plans_of_page
from accounts_ui.services.errors import InvalidInput, LogIncomplete, LogUnavailable
from console.recorded_text import recorded

_INCOMPLETE = recorded(
    "log.incomplete", "Event {sequence} of this organization's log is missing, so nothing was exported."
)
_KEY_CHANGES = recorded("log.key_changes", "The signing key of this log is being changed. Try again in a few minutes.")
_NO_SUCH_RUN = recorded("log.no_such_run", "There is no such verification run.")


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """One page of an organization's change log.

    Attributes:
        newest: the sequence of the newest event when the page was read.
        not_searched: how many of the newest events the search may not include yet.
        plan: the plan that the page is filtered by; ``None`` if it is not, or if the plan was deleted.
        plans: the plans of the page's changes; ``None`` if nobody asked for them.

    """

    page: LogPage
    activity: Activity
    checkpoint: Checkpoint | None
    chain: VerificationStatus
    newest: int
    not_searched: int
    plan: Plan | None
    plans: PlansOfPage | None


@dataclass(frozen=True, slots=True)
class LogNews:
    """How many matching changes are new, and how many older ones have a new outcome."""

    new: int
    moved: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.new + self.moved


def show_change_log(*, context: AuditContext, filters: LogFilters, with_plans: bool = False) -> ChangeLog:
    """Return one page of the log. A page past the last one is the last one.

    Args:
        with_plans: whether to look up which plan each change of the page came from.

    """
    organization_id, filters = context.organization_id, _within_plan(context, filters)
    newest, lag = queries.end_of_log(organization_id), change_index.include_some(organization_id)
    counted = count_activity(organization_id, filters)
    page = queries.find_page(organization_id, filters, counted.days)
    page = replace(page, rows=list(event_storage.marked(organization_id, page.rows)))
    return ChangeLog(
        page=page,
        activity=counted,
        checkpoint=statements.newest_checkpoint(organization_id),
        chain=runs.verification_status(organization_id),
        newest=newest,
        not_searched=lag if filters.q else 0,
        plan=plan_of_log(organization_id, uuid.UUID(filters.plan)) if filters.plan else None,
        plans=plans_of_page(organization_id, page.rows, filters) if with_plans else None,
    )


def count_news(*, context: AuditContext, filters: LogFilters, after: int) -> LogNews:
    """Count what matches and was recorded after the sequence ``after``."""
    change_index.include_some(context.organization_id)
    return LogNews(*queries.count_news_since(context.organization_id, _within_plan(context, filters), after))


def export_changes(*, context: AuditContext, filters: LogFilters, separator: str) -> Iterator[str]:
    """Yield the matching changes as CSV."""
    _include_searched(context, filters)
    return exports.export_csv(context.organization_id, _within_plan(context, filters), separator)


def export_events(*, context: AuditContext, filters: LogFilters) -> Iterator[str]:
    """Yield the events of the matching changes as JSON lines; without filters, all events of the log.

    Raises:
        LogIncomplete: all events are wanted, and one is missing.

    """
    _include_searched(context, filters)
    organization_id, filters = context.organization_id, _within_plan(context, filters)
    missing = queries.first_missing(organization_id) if queries.is_whole_log(filters) else None
    if missing:
        raise LogIncomplete(_INCOMPLETE.format(sequence=missing))
    return exports.export_jsonl(organization_id, filters)


def export_evidence(*, context: AuditContext, organization_name: str, filters: LogFilters) -> Iterator[bytes]:
    """Yield a zip with which an outsider can verify the matching changes.

    Raises:
        LogIncomplete: an event is missing, so that what is there cannot be placed in the log.
        LogUnavailable: the signing key is being changed, and this log does not have the new one yet.

    """
    _include_searched(context, filters)
    admin = {"issuer": context.issuer, "subject": context.subject, "name": context.name, "email": context.email}
    pieces = pack.write_pack(
        pack.PackRequest(
            organization_id=context.organization_id,
            organization_name=organization_name,
            filters=_within_plan(context, filters),
            made_by=admin,
        )
    )
    try:
        first = next(pieces)  # what cannot be packed shows at once, and not in the middle of a download
    except MissingLeaf as error:
        raise LogIncomplete(_INCOMPLETE.format(sequence=error.sequence)) from error
    except pack.KeyNotChanged as error:
        raise LogUnavailable(_KEY_CHANGES) from error
    return chain([first], pieces)


def continue_verification(*, context: AuditContext, run: int, whole: bool) -> VerificationStatus:
    """Verify the next part of the log, and return the state of the log afterwards.

    Args:
        run: the verification run to go on with; 0 starts one.
        whole: whether a new run verifies everything, or only what no earlier run has verified.

    Raises:
        InvalidInput: there is no such run.

    """
    organization_id = context.organization_id
    author = _author(context)
    current = runs.find_run(organization_id, run) if run else runs.start_run(organization_id, by=author, whole=whole)
    if current is None:
        raise InvalidInput("run", _NO_SUCH_RUN)
    runs.continue_run(current)
    return runs.verification_status(organization_id)


def _include_searched(context: AuditContext, filters: LogFilters) -> None:
    """Let the search include all changes: an export must not leave out the newest."""
    if filters.q:
        change_index.include_all(context.organization_id)


def _within_plan(context: AuditContext, filters: LogFilters) -> LogFilters:
    """Narrow the filters to the changes of their plan, if they name one."""
    if not filters.plan:
        return filters
    return replace(filters, among=changes_of_plan(context.organization_id, uuid.UUID(filters.plan)))


def _author(context: AuditContext) -> dict[str, str]:
    return {
        "by_issuer": context.issuer,
        "by_subject": context.subject,
        "by_name": context.name or context.email or context.subject,
    }
