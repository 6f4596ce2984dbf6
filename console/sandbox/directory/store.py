"""The directory's data, and a journal of all requests."""

import datetime
import json
import threading
from pathlib import Path
from typing import Any

from console.sandbox.directory import seed

SHAPES = ("reference", "account", "type", "mixed")


class DirectoryStore:
    """The data of all organizations. A single lock is enough for a small directory.

    Args:
        file: stores the accounts after each change, for the next start with as many people. Without a file, each
            start begins with the initial data.

    """

    def __init__(self, shape: str, people: int, file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.journal: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.clock_shift = datetime.timedelta(0)
        self._file, self._people_count = file, people
        self.reset(shape, people)
        self._load()

    def _load(self) -> None:
        if self._file is None or not self._file.exists():
            return
        stored = json.loads(self._file.read_text(encoding="utf-8"))
        if stored["people"] == self._people_count:
            self.accounts = stored["accounts"]

    def save(self) -> None:
        """Store the accounts, if there is a file for them."""
        if self._file is None:
            return
        with self.lock:
            unfinished = self._file.with_suffix(".unfinished")
            unfinished.write_text(json.dumps({"people": self._people_count, "accounts": self.accounts}), "utf-8")
            unfinished.replace(self._file)  # a start never reads half a file

    def set_clock(self, moment: str | None) -> None:
        """Continue as if it were this time now (ISO 8601); ``None`` restores the real time."""
        now = datetime.datetime.now(datetime.UTC)
        self.clock_shift = datetime.datetime.fromisoformat(moment) - now if moment else datetime.timedelta(0)

    def reset(self, shape: str, people: int) -> None:
        """Restore the initial data."""
        with self.lock:
            self.shape, self.catalogue = shape, True
            self.journal.clear()
            self.faults.clear()
            self.people = {org: seed.seed_people(org, people) for org in ("acme", "globex")}
            self.accounts = {org: seed.seed_accounts(org, rows) for org, rows in self.people.items()}
            self.types = {org: seed.seed_account_types(org) for org in self.people}

    def listing(self, org: str) -> list[Any]:
        """Return the rows of the list, in the current shape."""
        with self.lock:
            if self.shape == "reference":
                return self.people[org]
            if self.shape == "account":
                return list(self.accounts[org])
            if self.shape == "type":
                return self.types[org]
            odd = {"kind": "robot", "serial": 7, "status": "charging", "org_id": org}
            return [*self.people[org], *self.accounts[org], *self.types[org], odd]

    def accounts_of(self, org: str, subject_id: str, code: str) -> list[dict[str, Any]]:
        """Return a person's accounts of a type."""
        key = (subject_id, code)
        return [row for row in self.accounts[org] if (row["subject_id"], row["account_code"]) == key]

    def assign(self, org: str, subject_id: str, code: str) -> dict[str, Any]:
        """Add an account, even if there is one already, and even if nobody has this subject id."""
        now = (datetime.datetime.now(datetime.UTC) + self.clock_shift).isoformat(timespec="seconds")
        account = seed.make_account(org, subject_id, code, "active", now.replace("+00:00", "Z"))
        with self.lock:
            self.accounts[org].append(account)
        return account

    def add(self, org: str, subject_id: str, name: str = "", code: str = "", status: str = "active") -> None:
        """Add a person if there is a name, and an account if there is a code."""
        with self.lock:
            if name:
                self.people[org].append(seed.make_user_reference(org, subject_id, name, name.lower().replace(" ", ".")))
            if code:
                self.accounts[org].append(seed.make_account(org, subject_id, code, status, "2025-01-02T03:04:05Z"))

    def change(self, org: str, subject_id: str, code: str, status: str, expires: str | None = None) -> None:
        """Set the status, and perhaps the expiration date, of a person's accounts of a type."""
        for account in self.accounts_of(org, subject_id, code):
            account["status"], account["expiration_date"] = status, expires or account["expiration_date"]

    def remove(self, org: str, subject_id: str, code: str) -> None:
        """Remove an account from the list, which the API cannot do."""
        with self.lock:
            removed = self.accounts_of(org, subject_id, code)
            self.accounts[org] = [account for account in self.accounts[org] if account not in removed]

    def take_journal(self) -> list[dict[str, Any]]:
        """Return the journal, and empty it."""
        with self.lock:
            entries, self.journal = self.journal, []
        return entries

    def take_fault(self, operation: str, request_id: str) -> dict[str, Any] | None:
        """Return the fault that applies to this request, if any. One with a ``request_id`` only applies to that id."""
        with self.lock:
            for fault in self.faults:
                if fault.get("request_id", request_id) != request_id:
                    continue
                if fault.get("on", "any") in (operation, "any") and fault.get("times", -1) != 0:
                    fault["times"] = fault.get("times", -1) - 1
                    return fault
        return None
