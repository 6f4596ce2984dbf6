"""A visit: what a page reads of the directory, and what an admin's visit settles by it.

Whatever page it is: a list that the page reads anyway settles what it can. Where a change waits for a read, the list
is read before the page is made, at most once an organization in a while, and the page that needs it gets the same one.
"""

import logging
import math
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError

from accounts_ui.changes import reading
from accounts_ui.changes.models import patience
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.errors import DirectoryError
from accounts_ui.directory.rows import Listing
from accounts_ui.services.origin import Origin
from accounts_ui.services.settle import settle_from

logger = logging.getLogger(__name__)


class VisitClient(DirectoryClient):
    """The directory as one page reads it: the list once, with one answer. ``settling``: the admin who visits."""

    def __init__(self, *args: Any, settling: Origin | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._settling = settling
        self._read_already: Listing | DirectoryError | None = None

    def list_users(self, organization_id: str) -> Listing:
        """As the client's, once; what it shows settles open changes where an admin visits."""
        if self._read_already is None:
            try:
                self._read_already = super().list_users(organization_id)
            except DirectoryError as error:
                self._read_already = error
            else:
                if self._settling is not None:
                    settle_from(listing=self._read_already, origin=self._settling)
        if isinstance(self._read_already, DirectoryError):
            raise self._read_already
        return self._read_already


def settle_on_visit(*, client: DirectoryClient, origin: Origin) -> None:
    """Read the directory where a change waits for it. Never in the way of the page."""
    try:
        waits = reading.has_due_changes(origin.organization_id)
    except DatabaseError:
        return
    if waits and _is_first("settle", origin.organization_id):
        glance(client=client, organization_id=origin.organization_id)


def glance(*, client: DirectoryClient, organization_id: str) -> Listing | None:
    """The list, for a page that can do without. After a failure nobody waits for the next one for a while."""
    if _has("failed", organization_id):
        return None
    try:
        return client.list_users(organization_id)
    except Exception as error:  # noqa: BLE001  (a token that cannot be renewed included: this page needs none)
        logger.info("The directory could not be read on a visit: %s", getattr(error, "reason", "no token"))
        _is_first("failed", organization_id)
        return None


def _is_first(what: str, organization_id: str) -> bool:
    """Whether nobody came here for a while; without a cache that is not known, and nobody is first."""
    try:
        return bool(cache.add(_key(what, organization_id), True, timeout=math.ceil(patience().total_seconds())))
    except Exception:  # noqa: BLE001  (whatever the cache's driver raises: the page goes on)
        logger.warning("The cache cannot be reached: a visit settles nothing.")
        return False


def _has(what: str, organization_id: str) -> bool:
    try:
        return bool(cache.get(_key(what, organization_id)))
    except Exception:  # noqa: BLE001
        return False


def _key(what: str, organization_id: str) -> str:
    return f"console.visit.{what}.{organization_id}"
