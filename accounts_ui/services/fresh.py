"""One read of the directory that operations are checked against."""

from dataclasses import dataclass

from accounts_ui.changes import reading
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.services.catalogue import KnownTypes, known_types
from accounts_ui.services.origin import Origin


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
    sequence = reading.end_of_chain()
    listing = client.list_users(origin.organization_id)
    types = known_types(client=client, organization_id=origin.organization_id, listing=listing)
    return Fresh(sequence, listing, types)
