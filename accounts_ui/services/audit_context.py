"""Who asks for something, from where, and for which organization."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditContext:
    """Everything that the log records about the request of an operation."""

    organization_id: str
    issuer: str
    subject: str
    name: str
    email: str
    ip: str
    request_id: str

    def facts(self) -> dict[str, Any]:
        """Return the fields of a change or an event."""
        return {
            "actor_issuer": self.issuer,
            "actor_subject": self.subject,
            "actor_name": self.name,
            "actor_email": self.email,
            "ip": self.ip,
            "request_id": self.request_id,
        }
