"""One read of the directory, which operations are checked against."""

from dataclasses import dataclass

from accounts_ui.changes import queries
from accounts_ui.directory.client_interface import DirectoryClient
from accounts_ui.directory.listing import Listing
from accounts_ui.services.audit_context import AuditContext
from accounts_ui.services.state.account_types import KnownTypes, known_types


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The list, the account types, and where the log ended before they were read.

    The log refuses an operation if a change of the same account was recorded after ``sequence``.
    """

    sequence: int
    listing: Listing
    types: KnownTypes


def read_snapshot(*, client: DirectoryClient, context: AuditContext) -> Snapshot:
    """Read the list and the account types now.

    Raises:
        DirectoryError: the directory cannot be read.

    """
    sequence = queries.end_of_log(context.organization_id)
    listing = client.list_users(context.organization_id)
    types = known_types(client=client, organization_id=context.organization_id, listing=listing)
    return Snapshot(sequence, listing, types)
