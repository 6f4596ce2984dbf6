"""One read of the directory that operations are checked against."""

from dataclasses import dataclass

from accounts_ui.changes import queries
from accounts_ui.directory.client import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.state.account_types import KnownTypes, known_types


@dataclass(frozen=True, slots=True)
class Snapshot:
    """List and types, and where the chain ended before they were read: the log refuses what it then missed."""

    sequence: int
    listing: Listing
    types: KnownTypes


def read_snapshot(*, client: DirectoryClient, context: AuditContext) -> Snapshot:
    """Read list and types now.

    Raises:
        DirectoryError: the directory cannot be read.

    """
    sequence = queries.end_of_chain()
    listing = client.list_users(context.organization_id)
    types = known_types(client=client, organization_id=context.organization_id, listing=listing)
    return Snapshot(sequence, listing, types)
