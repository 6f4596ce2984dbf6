"""Large lists, kept for a short while in this process: for the session and organization that they were read for alone.

The directory decides by the token what it shows, so no list is ever shown to another session. What is kept never leaves
the process, is bounded in bytes (the least recently used list goes first) and in time, and is read anew when this
console's log has moved on: at once after a change of the same admin's, after some seconds after one of somebody else's.
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
"""For how long after a read a change of somebody else's may be missing: reading anew for each would never end."""

lists = Counter(
    "console_directory_lists_total",
    "Lists that pages were made from. Source: read for this page, kept, or shared with another request's read.",
    ["source"],
)
for _source in ("read", "kept", "shared"):
    lists.labels(_source)  # begins with 0
kept_lists = Gauge("console_kept_lists", "Lists that are kept in memory.", multiprocess_mode="livesum")
kept_bytes = Gauge("console_kept_lists_bytes", "Bytes that the kept lists take.", multiprocess_mode="livesum")


class ListingOwner(NamedTuple):
    """For whom a list was read."""

    session_key: str
    organization_id: str


class CachedListing:
    """A list with its table, and which own changes it shows already.

    Args:
        sequence: where the chain ended before the list was read.

    """

    def __init__(self, listing: Listing, sequence: int, own: frozenset[UUID] = frozenset()) -> None:
        self.listing = listing
        self.sequence = sequence
        self.own = own
        self._held_at = sequence  # where the chain ended when it was last seen to hold
        self._table: AccountIndex | None = None
        self._lock = threading.Lock()

    @property
    def table(self) -> AccountIndex:
        """The table, with what the log knows by now."""
        with self._lock:
            if self._table is None:
                self._table = AccountIndex(self.listing, LogOverlay.of(self.listing))
            known = self._table.overlay.later(self.listing)
            if known is not self._table.overlay or self._table.listing is not self.listing:
                self._table = AccountIndex(self.listing, known, earlier=self._table)
            return self._table

    @property
    def size(self) -> int:
        """Bytes that it takes, so far."""
        return self._table.size if self._table else self.listing.size

    def is_over(self, now: datetime.datetime) -> bool:
        """Whether its time is up."""
        return now - self.listing.read_at >= datetime.timedelta(seconds=settings.DIRECTORY_KEEP_SECONDS)

    def still_holds(self, context: AuditContext, now: datetime.datetime) -> bool:
        """Whether it can be shown, for all that this console knows."""
        end = queries.end_of_chain()
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
        """As it is once the directory answered an own change with ``account``."""
        listing = self.listing.with_account(account)
        if listing is None:
            return None
        later = CachedListing(listing, self.sequence, self.own | {change_id})
        with self._lock:
            if self._table is not None:
                later._table = AccountIndex(listing, self._table.overlay.since(self.sequence), earlier=self._table)
        return later


class ListingCache:
    """The kept lists of this process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._kept: OrderedDict[ListingOwner, CachedListing] = OrderedDict()
        self._reading: dict[ListingOwner, Future[CachedListing]] = {}
        self._large: set[str] = set()
        self._sweeper: threading.Timer | None = None

    def find(self, owner: ListingOwner, context: AuditContext) -> CachedListing | None:
        """The owner's list, where there is one that still holds."""
        now = clock.now()
        with self._lock:
            kept = self._kept.get(owner)
        if kept is None:
            return None
        if kept.is_over(now) or not kept.still_holds(context, now):
            self.drop(owner)
            return None
        with self._lock:
            if owner in self._kept:
                self._kept.move_to_end(owner)
        return kept

    def read(
        self, owner: ListingOwner, context: AuditContext, read: Callable[[], CachedListing], *, share: bool
    ) -> CachedListing:
        """The list as ``read`` finds it; with ``share`` as a request at it already does, if that still holds then.

        A failure is shared as well: whoever waited does not wait for the next one.
        """
        with self._lock:
            going_on = self._reading.get(owner) if share else None
        if going_on is not None:
            kept = going_on.result()
            if kept.still_holds(context, clock.now()):
                lists.labels("shared").inc()
                return kept
        return self._read(owner, read)

    def _read(self, owner: ListingOwner, read: Callable[[], CachedListing]) -> CachedListing:
        mine: Future[CachedListing] = Future()
        with self._lock:
            if owner.organization_id in self._large:
                self._reading[owner] = mine
        try:
            kept = read()
            mine.set_result(kept)
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                if self._reading.get(owner) is mine:
                    del self._reading[owner]
        lists.labels("read").inc()
        return kept

    def keep(self, owner: ListingOwner, kept: CachedListing) -> None:
        """Keep a list that is large enough for it to be worth while."""
        is_large = len(kept.listing) >= settings.DIRECTORY_KEEP_ROWS and settings.DIRECTORY_KEEP_SECONDS > 0
        with self._lock:
            (self._large.add if is_large else self._large.discard)(owner.organization_id)
            self._kept.pop(owner, None)
            if is_large and owner.session_key:
                self._kept[owner] = kept
            self._tidy()

    def note_own(self, owner: ListingOwner, change_id: UUID, account: Account) -> None:
        """An own change was applied, and answered with ``account``: the kept list shows it from now on."""
        with self._lock:
            kept = self._kept.get(owner)
        later = kept.with_account(change_id, account) if kept else None
        with self._lock:
            if kept is not None and self._kept.get(owner) is kept:
                if later is None:
                    del self._kept[owner]
                else:
                    self._kept[owner] = later

    def drop(self, owner: ListingOwner) -> None:
        """Forget a list."""
        with self._lock:
            self._kept.pop(owner, None)
            self._tidy()

    def _tidy(self) -> None:
        """Let go of what is over, and of the least recently used while there is too much. Needs the lock."""
        now = clock.now()
        for owner in [owner for owner, kept in self._kept.items() if kept.is_over(now)]:
            del self._kept[owner]
        total = sum(kept.size for kept in self._kept.values())
        while self._kept and total > settings.DIRECTORY_KEEP_MEGABYTES * 1024**2:
            _, kept = self._kept.popitem(last=False)
            total -= kept.size
        kept_lists.set(len(self._kept))
        kept_bytes.set(total)
        if self._kept and self._sweeper is None:
            self._sweeper = threading.Timer(settings.DIRECTORY_KEEP_SECONDS, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        """What nobody asks for any more goes as well."""
        with self._lock:
            self._sweeper = None
            self._tidy()


listing_cache: Final = ListingCache()
