"""The directory as one request of one session sees it: a client, with the session's cached list around it."""

import logging
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Final

from django.core.cache import cache

from accounts_ui.changes import queries
from accounts_ui.changes.models import Change, resolution_wait
from accounts_ui.directory.client_interface import DirectoryClient, WriteResult
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account, AccountType
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.listing.listing_cache import CachedListing, ListingOwner, listing_cache, lists
from accounts_ui.services.reread_schedule import request_reread

logger = logging.getLogger(__name__)

_SHORT_WAIT: Final = 1.0  # seconds that a page may well wait for the list
_REMEMBERED: Final = 24 * 60 * 60  # seconds for which the duration of a slow read is remembered


class CachingClient:
    """A directory client that reads the list once for a page, and keeps it for the session's next pages.

    ``list_users`` always reads. ``browse`` may answer with what an earlier page of the same session has read.

    Args:
        directory: the client that calls the directory.
        context: who asks.
        session_key: the session. A list is never shown to another one.
        session_id: the primary key of the session's row. With it, a worker reads the list again for unknown outcomes.
        read_once: this request changes nothing, so one read of the list will do for all of it.
        reload: no cached list will do, because the browser was told to reload.
        slot: held while ``browse`` reads, or waits for another request that reads the same list.

    """

    def __init__(
        self,
        directory: DirectoryClient,
        *,
        context: AuditContext,
        session_key: str,
        session_id: str = "",
        read_once: bool = False,
        reload: bool = False,
        slot: Callable[[str], AbstractContextManager[None]] = lambda _organization_id: nullcontext(),
    ) -> None:
        self._directory = directory
        self._slot = slot
        self._context = context
        self._session_id = session_id
        self._owner = ListingOwner(session_key, context.organization_id)
        self._read_once, self._reload = read_once, reload
        self._last_read: CachedListing | DirectoryError | None = None

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""
        return self._directory.timeout

    @property
    def listing_read(self) -> Listing | None:
        """The list that this request has read from the directory itself, if it has."""
        return self._last_read.listing if isinstance(self._last_read, CachedListing) else None

    def list_users(self, organization_id: str) -> Listing:
        """Read everything that the directory lists for the organization."""
        return self._read(organization_id).listing

    def list_types(self, organization_id: str) -> tuple[AccountType, ...]:
        """Read the catalogue of account types."""
        return self._directory.list_types(organization_id)

    def assign(self, organization_id: str, subject_id: str, code: str) -> WriteResult:
        """Link a person to an account type."""
        return self._directory.assign(organization_id, subject_id, code)

    def change_status(self, organization_id: str, subject_id: str, code: str, status: str) -> WriteResult:
        """Set the status of an account."""
        return self._directory.change_status(organization_id, subject_id, code, status)

    def delete(self, organization_id: str, subject_id: str, code: str, message: str) -> WriteResult:
        """Delete an account."""
        return self._directory.delete(organization_id, subject_id, code, message)

    def note_applied(self, change: Change, account: Account | None) -> None:
        """Bring the cached list up to date with ``account``, which the directory answered to an own change."""
        if account is not None and (account.subject_id, account.code) == (change.subject_id, change.code):
            listing_cache.apply_own_change(self._owner, change.change_id, account)

    def note_requested(self, change: Change) -> None:
        """Have a background worker read the list once a read can decide the outcome, if it is still open then."""
        if self._session_id:
            request_reread(change, self._session_id)

    def browse(self, organization_id: str) -> CachedListing:
        """Return the list for a page: the cached one if it still holds, else a new read.

        Raises:
            DirectoryError: it has to be read, and cannot be.

        """
        if self._read_once and self._last_read is not None:
            return self._read(organization_id)
        cached = None if self._reload else listing_cache.find(self._owner, self._context)
        if cached is None:
            with self._slot(organization_id):
                return listing_cache.read(
                    self._owner, self._context, lambda: self._read(organization_id), share=not self._reload
                )
        lists.labels("cached").inc()
        return cached

    def expected_wait(self) -> float:
        """Return for how many seconds ``browse`` will read, going by the last time; 0 if that is hardly any."""
        if self._last_read is not None or (not self._reload and listing_cache.find(self._owner, self._context)):
            return 0
        try:
            return float(cache.get(_key("took", self._owner.organization_id)) or 0)
        except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page waits)
            return 0

    def _read(self, organization_id: str) -> CachedListing:
        if self._last_read is None or not self._read_once:
            self._last_read = self._read_and_cache(organization_id)
        if isinstance(self._last_read, DirectoryError):
            raise self._last_read
        return self._last_read

    def _read_and_cache(self, organization_id: str) -> CachedListing | DirectoryError:
        sequence, began = queries.end_of_log(organization_id), monotonic()
        try:
            listing = self._directory.list_users(organization_id)
        except DirectoryError as error:
            return error
        _remember_duration(organization_id, monotonic() - began)
        cached = CachedListing(listing, sequence)
        listing_cache.store(self._owner, cached)
        return cached


def read_listing_if_possible(*, client: CachingClient, organization_id: str) -> Listing | None:
    """Return the list for a page that can do without; ``None`` if it cannot be read."""
    return unless_failing(organization_id, lambda: client.browse(organization_id).listing)


def unless_failing(organization_id: str, read: Callable[[], Listing]) -> Listing | None:
    """Return what ``read`` returns. After a failure, pages that can do without do not try again for a while."""
    if _is_marked("failed", organization_id):
        return None
    try:
        return read()
    except Exception as error:  # noqa: BLE001  (a token that cannot be renewed included: this page needs none)
        logger.info("The directory could not be read for a page: %s", getattr(error, "detail", "no token"))
        is_first("failed", organization_id)
        return None


def is_first(purpose: str, organization_id: str) -> bool:
    """Return whether nobody has done this for two timeouts. If the cache cannot say, nobody is first."""
    try:
        return bool(
            cache.add(_key(purpose, organization_id), True, timeout=math.ceil(resolution_wait().total_seconds()))
        )
    except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page goes on)
        logger.warning("The cache cannot be reached: this page resolves no unknown outcome.")
        return False


def _is_marked(purpose: str, organization_id: str) -> bool:
    try:
        return bool(cache.get(_key(purpose, organization_id)))
    except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page goes on)
        return False


def _remember_duration(organization_id: str, seconds: float) -> None:
    """Remember that the list takes its time. How many rows it has stays between the admin and the directory."""
    key = _key("took", organization_id)
    try:
        if seconds < _SHORT_WAIT:
            cache.delete(key)
        else:
            cache.set(key, seconds, timeout=_REMEMBERED)
    except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page goes on)
        logger.info("The cache cannot be reached: nobody will know that the list took %.1f s.", seconds)


def _key(purpose: str, organization_id: str) -> str:
    return f"console.listing.{purpose}.{organization_id}"
