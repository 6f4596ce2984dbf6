"""The HTTP server: the documented endpoints with the observed behaviour, and ``/_control/`` for tests."""

import datetime
import http.client
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from console.sandbox.directory import faults, seed
from console.sandbox.directory.store import SHAPES, DirectoryStore

_OPERATIONS = {"GET": "list", "POST": "assign", "PUT": "change_status", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its status, and the document to send as JSON (``None``: no body)."""

    status: int
    document: Any = None
    headers: tuple[tuple[str, str], ...] = ()


def service_error(status: int, reason: str) -> Reply:
    """Return an error in the service's own envelope."""
    return Reply(status, {"status": status, "error": {"reason": reason}, "metadata": {"service": "console-api"}})


def framework_error(name: str, message: str, path: str) -> Reply:
    """Return an error in the envelope of the framework, for exceptions that the service did not catch."""
    return Reply(500, {"error": name, "message": message, "path": path, "timestamp": "2025-01-01T00:00:00Z"})


class TokenVerifier:
    """Verifies tokens at the provider, and caches the valid ones for some seconds."""

    def __init__(self, userinfo: str, seconds: float) -> None:
        self._address = urlsplit(userinfo)
        self._seconds = seconds
        self._valid_until: dict[str, float] = {}

    def __call__(self, header: str) -> bool:
        """Return whether the ``Authorization`` header has a valid token."""
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token:
            return False
        if self._valid_until.get(token, 0) > time.monotonic():
            return True
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=5)
        try:
            connection.request("GET", self._address.path, headers={"Authorization": f"Bearer {token}"})
            is_valid = connection.getresponse().status == 200
        finally:
            connection.close()
        if is_valid:
            self._valid_until[token] = time.monotonic() + self._seconds
        return is_valid


class DirectoryHandler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: "DirectoryServer"

    def do_GET(self) -> None:
        """Handle a request of any method."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            self._handle(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *args: Any) -> None:
        """Log nothing: there is the journal."""

    def _handle(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/_control/"):
            return self._reply(self.server.control(path.removeprefix("/_control/"), json.loads(body or b"{}")))
        parts = [unquote(part) for part in path.strip("/").split("/")]
        operation = "types" if parts[-1:] == ["types"] else _OPERATIONS[self.command]
        entry = self._journal(parts, operation, body)
        if not self.server.token_is_good(self.headers.get("Authorization", "")):
            entry["status"] = 401
            return self._reply(Reply(401, None, (("WWW-Authenticate", 'Bearer error="invalid_token"'),)))
        fault = self.server.store.take_fault(operation, entry["request_id"])
        if fault is None:
            reply = self._act(parts, operation, body, entry)
            entry["status"] = reply.status
            return self._reply(reply)
        if fault["name"] == "stale":
            reply = self._act(parts, operation, body, entry)
            document = json.loads(json.dumps(reply.document))
            time.sleep(fault.get("seconds", 1))
            entry["status"] = reply.status
            return self._reply(Reply(reply.status, document, reply.headers))
        if faults.makes_change(fault["name"]):
            self._act(parts, operation, body, entry)
        if fault["name"] == "late" or "applied_after" in fault:
            seconds = fault.get("applied_after", fault.get("seconds", 1))
            threading.Timer(seconds, self._act, (parts, operation, body, entry)).start()
        entry["status"] = faults.misbehave(self, fault)
        return None

    def _journal(self, parts: list[str], operation: str, body: bytes) -> dict[str, Any]:
        subject, code = (parts[-2:]) if operation in ("assign", "change_status", "delete") else ("", "")
        entry = {
            "method": self.command,
            "path": self.path,
            "operation": operation,
            "subject_id": subject,
            "code": code,
            "body": body.decode(errors="replace"),
            "applied": False,
            "status": None,
            "request_id": self.headers.get("X-Request-ID", ""),
            "traceparent": self.headers.get("traceparent", ""),
            "tracestate": self.headers.get("tracestate", ""),
            "at": datetime.datetime.now(datetime.UTC).isoformat(),
        }
        self.server.store.journal.append(entry)
        return entry

    def _act(self, parts: list[str], operation: str, body: bytes, entry: dict[str, Any]) -> Reply:
        if parts[:2] != ["directory", "orgs"] or len(parts) < 5:
            return Reply(404, {"message": "no Route matched with those values"})
        org = parts[2]
        if org not in self.server.store.people:
            return service_error(409 if operation == "delete" else 404, "Organization is not found.")
        reply = self.server.act(operation, org, parts[5:], body, self.path)
        entry["applied"] = operation in ("assign", "change_status", "delete") and reply.status < 300
        if entry["applied"]:
            self.server.store.save()
        return reply

    def _reply(self, reply: Reply) -> None:
        body = b"" if reply.document is None else json.dumps(reply.document).encode()
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json")
        if reply.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class DirectoryServer(ThreadingHTTPServer):
    """The server and its data."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        *,
        shape: str,
        people: int,
        userinfo: str,
        token_seconds: float,
        file: Path | None = None,
    ) -> None:
        super().__init__(address, DirectoryHandler)
        self.store = DirectoryStore(shape, people, file)
        self.token_is_good = TokenVerifier(userinfo, token_seconds)

    def act(self, operation: str, org: str, rest: list[str], body: bytes, path: str) -> Reply:
        """Execute a request, with all quirks."""
        store = self.store
        if operation == "list":
            return Reply(200, store.listing(org))
        if operation == "types":
            return Reply(200, store.types[org]) if store.catalogue else Reply(403, {"message": "Forbidden"})
        subject_id, code = rest
        if operation != "delete" and code not in {row["code"] for row in store.types[org]}:
            return service_error(404, "Account type is not found in organization.")
        if operation == "assign":
            return Reply(200, store.assign(org, subject_id, code))
        accounts = store.accounts_of(org, subject_id, code)
        if operation == "delete":
            return self._delete(accounts, code, body, path)
        return self._change_status(accounts, body, path)

    def control(self, command: str, parameters: dict[str, Any]) -> Reply:
        """Execute a command of a test."""
        store = self.store
        if command == "reset":
            store.reset(parameters.get("shape", "mixed"), parameters.get("people", 40))
            store.catalogue = parameters.get("catalogue", True)
        elif command == "fault":
            if not faults.is_fault(parameters["name"]):
                return Reply(400, {"message": f"no such fault; there are: {', '.join(faults.FAULT_NAMES)}"})
            store.faults.append(parameters)
        elif command == "status":
            store.change(**parameters)
        elif command == "remove":
            store.remove(**parameters)
        elif command == "add":
            store.add(**parameters)
        elif command == "faults":
            store.faults[:] = parameters["faults"]
        elif command == "clock":
            store.set_clock(parameters["at"])
        if command in ("status", "remove", "add"):
            store.save()
        return Reply(200, self._query(command, parameters))

    def _query(self, command: str, parameters: dict[str, Any]) -> Any:
        """Return what a test asks for."""
        store = self.store
        if command == "journal":
            return store.take_journal() if parameters.get("clear") else store.journal
        if command == "accounts":
            return store.accounts[parameters["org"]]
        if command == "people":
            return store.people[parameters["org"]]
        return {}

    def _delete(self, accounts: list[dict[str, Any]], code: str, body: bytes, path: str) -> Reply:
        if not body:
            return framework_error("HttpMessageNotReadableException", "Required request body is missing", path)
        if not accounts or code == seed.UNLISTED_LOOKUP:
            return service_error(404, "User and account not found.")
        for account in accounts:
            account["status"] = "disabled"
        return Reply(204)

    def _change_status(self, accounts: list[dict[str, Any]], body: bytes, path: str) -> Reply:
        try:
            status = json.loads(body or b"{}").get("status")
        except (ValueError, AttributeError):
            return framework_error("HttpMessageNotReadableException", "JSON parse error", path)
        if status is not None and status not in seed.STATUSES:
            return framework_error(
                "HttpMessageNotReadableException", f'Cannot deserialize value of type `Status` from "{status}"', path
            )
        if not accounts:
            return service_error(404, "User and account not found.")
        for account in accounts:
            account["status"] = status or account["status"]
        return Reply(200, accounts[0])


__all__ = ["SHAPES", "DirectoryServer"]
