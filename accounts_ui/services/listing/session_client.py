"""A visit: what one request reads of the directory, and what an admin's visit resolves by it.

Whatever page it is: a list that is read anyway resolves what it can. Where a change waits for a read, the list is read
before the page is made, at most once an organization in a while, and the page that needs it gets the same one.
"""

import logging
import math
import time
from collections.abc import Callable
from typing import Any, Final

from django.core.cache import cache
from django.db import DatabaseError

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change, resolution_wait
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.listing.listing_cache import CachedListing, ListingOwner, listing_cache, lists
from accounts_ui.services.operations.reconciliation import resolve_from_listing

logger = logging.getLogger(__name__)

_MOMENT: Final = 1.0  # seconds that a page may well wait for
_DAY: Final = 24 * 60 * 60


class SessionClient(DirectoryClient):
    """The directory as one request sees it.

    ``list_users`` always reads; a page that is looked at does so once, with one answer. ``browse`` may have been read
    for an earlier page of the same session.

    Args:
        context: who asks.
        session_key: in whose session; only there a list is kept.
        looks: nothing is changed by this request, so that one read of the list will do.
        resolves: it is an admin's visit, which resolves open changes.
        anew: nothing that was read for an earlier page will do.

    """

    def __init__(
        self,
        *args: Any,
        context: AuditContext,
        session_key: str,
        looks: bool = False,
        resolves: bool = False,
        anew: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._context = context
        self._owner = ListingOwner(session_key, context.organization_id)
        self._looks, self._resolves, self._anew = looks, resolves, anew
        self._read_already: CachedListing | DirectoryError | None = None

    def list_users(self, organization_id: str) -> Listing:
        """As the client's; what it shows resolves open changes where an admin visits."""
        return self._visit(organization_id).listing

    def browse(self, organization_id: str) -> CachedListing:
        """The list for a page to be made from: kept where that still holds, else read.

        Raises:
            DirectoryError: it has to be read, and cannot be.

        """
        if self._looks and self._read_already is not None:
            return self._visit(organization_id)
        kept = None if self._anew else listing_cache.find(self._owner, self._context)
        if kept is None:
            read = lambda: self._visit(organization_id)  # noqa: E731
            return listing_cache.read(self._owner, self._context, read, share=not self._anew)
        lists.labels("kept").inc()
        return kept

    def expected_wait(self) -> float:
        """Seconds for which ``browse`` will have to read, going by the last time; 0 where that is hardly any."""
        if self._read_already is not None or (not self._anew and listing_cache.find(self._owner, self._context)):
            return 0
        try:
            return float(cache.get(_key("took", self._owner.organization_id)) or 0)
        except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page waits)
            return 0

    def note_applied(self, change: Change, account: Account | None) -> None:
        """An own change was applied: with what the directory answered, the kept list is right again."""
        if account is not None and (account.subject_id, account.code) == (change.subject_id, change.code):
            listing_cache.note_own(self._owner, change.change_id, account)

    def _visit(self, organization_id: str) -> CachedListing:
        if self._read_already is None or not self._looks:
            self._read_already = self._look(organization_id)
        if isinstance(self._read_already, DirectoryError):
            raise self._read_already
        return self._read_already

    def _look(self, organization_id: str) -> CachedListing | DirectoryError:
        sequence, began = queries.end_of_chain(), time.monotonic()
        try:
            listing = super().list_users(organization_id)
        except DirectoryError as error:
            return error
        if self._resolves:
            resolve_from_listing(listing=listing, context=self._context)
        _note_wait(organization_id, time.monotonic() - began)
        kept = CachedListing(listing, sequence)
        listing_cache.keep(self._owner, kept)
        return kept


def resolve_due_changes(*, client: SessionClient, context: AuditContext) -> None:
    """Read the directory where a change waits for it. Never in the way of the page."""
    try:
        waits = queries.has_due_changes(context.organization_id)
    except DatabaseError:
        return
    if waits and _is_first("resolve", context.organization_id):
        _unless_failing(context.organization_id, client.list_users)


def read_listing_if_possible(*, client: SessionClient, organization_id: str) -> Listing | None:
    """The list, for a page that can do without. After a failure nobody waits for the next one for a while."""
    return _unless_failing(organization_id, lambda one: client.browse(one).listing)


def _unless_failing(organization_id: str, read: Callable[[str], Listing]) -> Listing | None:
    if _has("failed", organization_id):
        return None
    try:
        return read(organization_id)
    except Exception as error:  # noqa: BLE001  (a token that cannot be renewed included: this page needs none)
        logger.info("The directory could not be read on a visit: %s", getattr(error, "detail", "no token"))
        _is_first("failed", organization_id)
        return None


def _note_wait(organization_id: str, seconds: float) -> None:
    """Remember that the list takes its time; how large it is stays between the admin and the directory."""
    key = _key("took", organization_id)
    try:
        if seconds < _MOMENT:
            cache.delete(key)
        else:
            cache.set(key, seconds, timeout=_DAY)
    except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page goes on)
        logger.info("The cache cannot be reached: nobody will know that the list took %.1f s.", seconds)


def _is_first(what: str, organization_id: str) -> bool:
    """Whether nobody came here for a while; without a cache that is not known, and nobody is first."""
    try:
        return bool(cache.add(_key(what, organization_id), True, timeout=math.ceil(resolution_wait().total_seconds())))
    except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page goes on)
        logger.warning("The cache cannot be reached: a visit resolves nothing.")
        return False


def _has(what: str, organization_id: str) -> bool:
    try:
        return bool(cache.get(_key(what, organization_id)))
    except Exception:  # noqa: BLE001
        return False


def _key(what: str, organization_id: str) -> str:
    return f"console.visit.{what}.{organization_id}"
