"""What the directory holds, and its journal of every request."""

import datetime
import threading
from typing import Any

from console.sandbox.directory import seed

SHAPES = ("reference", "account", "type", "mixed")


class Store:
    """The state of all organizations. One lock: this is a small directory."""

    def __init__(self, shape: str, people: int) -> None:
        self.lock = threading.RLock()
        self.journal: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.reset(shape, people)

    def reset(self, shape: str, people: int) -> None:
        """Begin anew."""
        with self.lock:
            self.shape, self.catalogue = shape, True
            self.journal.clear()
            self.faults.clear()
            self.people = {org: seed.people(org, people) for org in ("acme", "globex")}
            self.accounts = {org: seed.accounts(org, rows) for org, rows in self.people.items()}
            self.types = {org: seed.account_types(org) for org in self.people}

    def listing(self, org: str) -> list[Any]:
        """The rows of the list, in the shape of the day."""
        with self.lock:
            if self.shape == "reference":
                return self.people[org]
            if self.shape == "account":
                return list(self.accounts[org])
            if self.shape == "type":
                return self.types[org]
            odd = {"kind": "robot", "serial": 7, "status": "charging", "org_id": org}
            return [*self.people[org], *self.accounts[org], *self.types[org], odd]

    def of(self, org: str, subject_id: str, code: str) -> list[dict[str, Any]]:
        """The accounts of a person with a type."""
        return [one for one in self.accounts[org] if one["subject_id"] == subject_id and one["account_code"] == code]

    def assign(self, org: str, subject_id: str, code: str) -> dict[str, Any]:
        """Add an account, whether there is one or not, and whoever the subject is."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        made = seed.account(org, subject_id, code, "active", now.replace("+00:00", "Z"))
        with self.lock:
            self.accounts[org].append(made)
        return made

    def add(self, org: str, subject_id: str, name: str = "", code: str = "", status: str = "active") -> None:
        """Add a person (with a name), or an account (with a code)."""
        with self.lock:
            if name:
                self.people[org].append(seed.reference(org, subject_id, name, name.lower().replace(" ", ".")))
            if code:
                self.accounts[org].append(seed.account(org, subject_id, code, status, "2025-01-02T03:04:05Z"))

    def change(self, org: str, subject_id: str, code: str, status: str, expires: str | None = None) -> None:
        """Set the status of a person's accounts of a type, and when their time is over."""
        for one in self.of(org, subject_id, code):
            one["status"], one["expiration_date"] = status, expires or one["expiration_date"]

    def remove(self, org: str, subject_id: str, code: str) -> None:
        """Take an account out of the list for good, as the console cannot."""
        with self.lock:
            gone = self.of(org, subject_id, code)
            self.accounts[org] = [one for one in self.accounts[org] if one not in gone]

    def take_journal(self) -> list[dict[str, Any]]:
        """The journal, which begins anew."""
        with self.lock:
            taken, self.journal = self.journal, []
        return taken

    def take_fault(self, operation: str, request_id: str) -> dict[str, Any] | None:
        """The fault that this request meets, if any; one with a ``request_id`` is aimed at that one alone."""
        with self.lock:
            for fault in self.faults:
                if fault.get("request_id", request_id) != request_id:
                    continue
                if fault.get("on", "any") in (operation, "any") and fault.get("times", -1) != 0:
                    fault["times"] = fault.get("times", -1) - 1
                    return fault
        return None
