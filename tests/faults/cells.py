"""Cells of the matrix: one request with one fault, and everything that has to be true of it afterwards."""

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.faults.table import PROPERTY
from tests.faults.world import World
from tests.servers import Browser

ACTIONS = ("assign", "change_status", "delete")
CODE = "worker"


class Job:
    """One operation on a person of its own, sent as one request that its id names."""

    def __init__(self, world: World, browser: Browser, action: str) -> None:
        self.world, self.browser, self.action = world, browser, action
        self.request_id, self.operation_id = f"cell-{uuid.uuid4()}", str(uuid.uuid4())
        # Another account of the person, so that the list tells which types they hold.
        self.subject = world.directory.person("visitor")
        if action != "assign":
            world.directory.server.control("add", org="acme", subject_id=self.subject, code=CODE, status="active")
        self.csrf = token_of(browser)

    def send(self, message: str = "") -> requests.Response:
        account = f"/orgs/acme/accounts/{self.subject}/{CODE}"
        path, fields = {
            "assign": ("/orgs/acme/accounts/assign/", {"subject_id": self.subject, "code": CODE}),
            "change_status": (f"{account}/status/", {"status": "expired", "expected_status": "active"}),
            "delete": (f"{account}/delete/", {"expected_status": "active"}),
        }[self.action]
        fields |= {"message": message, "operation_id": self.operation_id, "csrfmiddlewaretoken": self.csrf}
        return _post(self.browser, path, fields, self.request_id)

    def check(self, request_id: str) -> requests.Response:
        path = f"/orgs/acme/changes/{self.operation_id}/check/"
        return _post(self.browser, path, {"csrfmiddlewaretoken": self.csrf}, request_id)

    @property
    def took_effect(self) -> bool:
        status = [one["status"] for one in self.world.directory.accounts(self.subject) if one["account_code"] == CODE]
        return status == {"assign": ["active"], "change_status": ["expired"], "delete": ["disabled"]}[self.action]


def _post(browser: Browser, path: str, fields: dict[str, str], request_id: str) -> requests.Response:
    return browser.session.post(
        browser.url + path, data=fields, headers={"X-Request-ID": request_id}, allow_redirects=False, timeout=60
    )


def token_of(browser: Browser) -> str:
    if not hasattr(browser, "csrf"):
        browser.csrf = browser.form("/", "/signout/")["csrfmiddlewaretoken"]
    return str(browser.csrf)


@dataclass
class Matrix:
    """The cells of one test: what was expected, what was seen, and whether that is the same."""

    database: str
    cells: list[dict[str, Any]] = field(default_factory=list)

    def note(self, fault: str, operation: str, expected: str, seen: str, calls: str, *, ok: bool = True) -> None:
        self.cells.append(
            {
                "database": self.database,
                "fault": fault,
                "operation": operation,
                "expected": expected,
                "seen": seen,
                "calls": calls,
                "ok": ok and seen == expected,
            }
        )

    def hand_in(self, record_property: Any) -> None:
        """Give the cells to the table, and fail where one is wrong."""
        record_property(PROPERTY, json.dumps(self.cells))
        wrong = [cell for cell in self.cells if not cell["ok"]]
        assert wrong == [], "\n".join(str(cell) for cell in wrong)


class Found:
    """What directory and log hold, read once for all cells of a test."""

    def __init__(self, world: World, browser: Browser) -> None:
        self._journal: dict[str, list[str]] = {}
        for entry in world.directory.journal():
            self._journal.setdefault(entry["request_id"], []).append(entry["method"])
        lines = browser.get("/orgs/acme/changes/export.jsonl").text.splitlines()
        self._events: dict[str, list[dict[str, Any]]] = {}
        for event in map(json.loads, lines):
            self._events.setdefault(event["change_id"], []).append(event)
        secret = base64.b64decode(world.console.server.env["AUDIT_SIGNING_KEY"])
        self._key = Ed25519PrivateKey.from_private_bytes(secret).public_key()

    def calls(self, request_id: str) -> tuple[int, int]:
        """Writes and reads that reached the directory."""
        methods = self._journal.get(request_id, [])
        reads = methods.count("GET")
        return len(methods) - reads, reads

    def events(self, operation_id: str) -> list[dict[str, Any]]:
        """The events of a change, each verified as an outsider does."""
        events = self._events.get(operation_id, [])
        for event in events:
            signed = {name: value for name, value in event.items() if name not in ("hash", "signature")}
            digest = hashlib.sha256(rfc8785.dumps(signed))
            assert digest.hexdigest() == event["hash"]
            self._key.verify(base64.b64decode(event["signature"]), digest.digest())
        return events

    def kinds(self, operation_id: str) -> str:
        """The events in a word each."""
        found = self.events(operation_id)
        words = [one["event"] if one["event"] != "resolved" else f"resolved {one['outcome']}" for one in found]
        return " → ".join(words) or "nothing"


def in_words(calls: tuple[int, int]) -> str:
    return f"{calls[0]}w {calls[1]}r"
