"""Large directory lists, cached in this process for a short while.

A list belongs to the session and organization that it was read for: the directory decides by the token what it shows,
so no list is ever shown to another session. A cached list never leaves the process. The cache is bounded in bytes (the
least recently used list goes first) and in time. A list is read again when this console's log has moved on: at once
after a change by the same admin, a few seconds after a change by somebody else.
"""

import datetime
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from prometheus_client import Counter, Gauge

from accounts_ui.changes import queries
from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.listing.account_index import AccountIndex
from accounts_ui.services.state.log_overlay import LogOverlay
from console import clock

OTHERS_CHANGES_WITHIN: Final = datetime.timedelta(seconds=10)
"""How long after a read a change by somebody else may be missing. Reading again for each change would never end."""

lists = Counter(
    "console_directory_lists_total",
    "Lists that pages were made from. Source: read for this page, cached, or shared with another request's read.",
    ["source"],
)
for _source in ("read", "cached", "shared"):
    lists.labels(_source)  # begins with 0
cached_lists = Gauge("console_cached_lists", "Directory lists cached in memory.", multiprocess_mode="livesum")
cached_bytes = Gauge("console_cached_lists_bytes", "Memory of the cached lists, in bytes.", multiprocess_mode="livesum")


class ListingOwner(NamedTuple):
    """Whose list it is."""

    session_key: str
    organization_id: str


class CachedListing:
    """A list with its index, and the own changes that it shows already.

    Args:
        sequence: where the log ended before the list was read.
        own: the changes by the same admin that were applied to the list since.

    """

    def __init__(self, listing: Listing, sequence: int, own: frozenset[UUID] = frozenset()) -> None:
        self.listing = listing
        self.sequence = sequence
        self.own = own
        self._held_at = sequence  # where the log ended when the list was last found to hold
        self._table: AccountIndex | None = None
        self._lock = threading.Lock()

    @property
    def table(self) -> AccountIndex:
        """The index of the list, with what the log knows by now."""
        with self._lock:
            if self._table is None:
                self._table = AccountIndex(self.listing, LogOverlay.of(self.listing))
            overlay = self._table.overlay.later(self.listing)
            if overlay is not self._table.overlay or self._table.listing is not self.listing:
                self._table = AccountIndex(self.listing, overlay, earlier=self._table)
            return self._table

    @property
    def size(self) -> int:
        """The bytes that it takes so far."""
        return self._table.size if self._table else self.listing.size

    def is_expired(self, now: datetime.datetime) -> bool:
        """Return whether it is too old to be shown."""
        return now - self.listing.read_at >= datetime.timedelta(seconds=settings.DIRECTORY_KEEP_SECONDS)

    def still_holds(self, context: AuditContext, now: datetime.datetime) -> bool:
        """Return whether the list can still be shown, going by the changes that this console recorded since."""
        end = queries.end_of_log(self.listing.organization_id)
        if end == self._held_at:
            return True
        moved = queries.updated_since(self.listing.organization_id, self.sequence)
        if moved is None:
            return False
        others = [actor for change_id, actor in moved if change_id not in self.own]
        if (context.issuer, context.subject) in others:
            return False
        if not others:
            self._held_at = end
        return not others or now - self.listing.read_at < OTHERS_CHANGES_WITHIN

    def with_account(self, change_id: UUID, account: Account) -> "CachedListing | None":
        """Return the list after an own change, answered with ``account``; ``None`` if it is unclear what it shows."""
        listing = self.listing.with_account(account)
        if listing is None:
            return None
        updated = CachedListing(listing, self.sequence, self.own | {change_id})
        with self._lock:
            if self._table is not None:
                updated._table = AccountIndex(listing, self._table.overlay.since(self.sequence), earlier=self._table)
        return updated


class ListingCache:
    """The cached lists of this process. ``_lock`` guards everything in it; it is never held during a read."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._cached: OrderedDict[ListingOwner, CachedListing] = OrderedDict()
        self._reading: dict[ListingOwner, Future[CachedListing]] = {}
        self._large_organizations: set[str] = set()
        self._sweeper: threading.Timer | None = None

    def find(self, owner: ListingOwner, context: AuditContext) -> CachedListing | None:
        """Return the owner's list if there is one that still holds."""
        now = clock.now()
        with self._lock:
            cached = self._cached.get(owner)
        if cached is None:
            return None
        if cached.is_expired(now) or not cached.still_holds(context, now):
            self.drop(owner)
            return None
        with self._lock:
            if owner in self._cached:
                self._cached.move_to_end(owner)
        return cached

    def read(
        self, owner: ListingOwner, context: AuditContext, read: Callable[[], CachedListing], *, share: bool
    ) -> CachedListing:
        """Return what ``read`` reads.

        With ``share``, a request for the same list waits for a read that is already running, and takes its list if it
        still holds then. A failure is shared as well: whoever waited does not start another read.
        """
        with self._lock:
            running = self._reading.get(owner) if share else None
        if running is not None:
            cached = running.result()
            if cached.still_holds(context, clock.now()):
                lists.labels("shared").inc()
                return cached
        return self._read(owner, read)

    def _read(self, owner: ListingOwner, read: Callable[[], CachedListing]) -> CachedListing:
        reading: Future[CachedListing] = Future()
        with self._lock:
            if owner.organization_id in self._large_organizations:
                self._reading[owner] = reading
        try:
            cached = read()
            reading.set_result(cached)
        except BaseException as error:
            reading.set_exception(error)
            raise
        finally:
            with self._lock:
                if self._reading.get(owner) is reading:
                    del self._reading[owner]
        lists.labels("read").inc()
        return cached

    def store(self, owner: ListingOwner, cached: CachedListing) -> None:
        """Store a list, if it is large enough to be worth it."""
        is_large = len(cached.listing) >= settings.DIRECTORY_KEEP_ROWS and settings.DIRECTORY_KEEP_SECONDS > 0
        with self._lock:
            (self._large_organizations.add if is_large else self._large_organizations.discard)(owner.organization_id)
            self._cached.pop(owner, None)
            if is_large and owner.session_key:
                self._cached[owner] = cached
            self._evict()

    def apply_own_change(self, owner: ListingOwner, change_id: UUID, account: Account) -> None:
        """Show in the owner's list an own change that the directory answered with ``account``."""
        with self._lock:
            cached = self._cached.get(owner)
        updated = cached.with_account(change_id, account) if cached else None
        with self._lock:
            if cached is not None and self._cached.get(owner) is cached:
                if updated is None:
                    del self._cached[owner]
                else:
                    self._cached[owner] = updated

    def drop(self, owner: ListingOwner) -> None:
        """Remove a list."""
        with self._lock:
            self._cached.pop(owner, None)
            self._evict()

    def _evict(self) -> None:
        """Remove expired lists, and the least recently used ones while there are too many bytes. Needs the lock."""
        now = clock.now()
        for owner in [owner for owner, cached in self._cached.items() if cached.is_expired(now)]:
            del self._cached[owner]
        total = sum(cached.size for cached in self._cached.values())
        while self._cached and total > settings.DIRECTORY_KEEP_MEGABYTES * 1024**2:
            _, cached = self._cached.popitem(last=False)
            total -= cached.size
        cached_lists.set(len(self._cached))
        cached_bytes.set(total)
        if self._cached and self._sweeper is None:
            self._sweeper = threading.Timer(settings.DIRECTORY_KEEP_SECONDS, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        """Remove expired lists that nobody asks for any more."""
        with self._lock:
            self._sweeper = None
            self._evict()


listing_cache: Final = ListingCache()
