"""What the rest of the console takes as "the directory", whoever implements it."""

from dataclasses import dataclass
from typing import Protocol

from accounts_ui.directory.listing import Listing
from accounts_ui.directory.rows import Account, AccountType


@dataclass(frozen=True, slots=True)
class WriteResult:
    """A write that succeeded: the HTTP status of the answer, and the account if the answer could be read."""

    status: int
    account: Account | None = None


class DirectoryClient(Protocol):
    """The Directory API, called as one admin. Every call raises ``DirectoryError`` as its tree says."""

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""

    def list_users(self, organization_id: str) -> Listing:
        """Read everything that the directory lists for the organization."""

    def list_types(self, organization_id: str) -> tuple[AccountType, ...]:
        """Read the catalogue of account types."""

    def assign(self, organization_id: str, subject_id: str, code: str) -> WriteResult:
        """Link a person to an account type. Sent once: the directory makes a second account when asked twice."""

    def change_status(self, organization_id: str, subject_id: str, code: str, status: str) -> WriteResult:
        """Set the status of an account."""

    def delete(self, organization_id: str, subject_id: str, code: str, message: str) -> WriteResult:
        """Delete an account."""
