"""One read of the directory that operations are checked against."""

from dataclasses import dataclass

from accounts_ui.changes import queries
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.services.audit_context import Origin
from accounts_ui.services.state.account_types import KnownTypes, known_types


@dataclass(frozen=True, slots=True)
class Fresh:
    """List and types, and where the chain ended before they were read: the log refuses what it then missed."""

    sequence: int
    listing: Listing
    types: KnownTypes


def read_fresh(*, client: DirectoryClient, origin: Origin) -> Fresh:
    """Read list and types now.

    Raises:
        DirectoryError: the directory cannot be read.

    """
    sequence = queries.end_of_chain()
    listing = client.list_users(origin.organization_id)
    types = known_types(client=client, organization_id=origin.organization_id, listing=listing)
    return Fresh(sequence, listing, types)
