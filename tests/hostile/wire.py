"""HTTP as an attacker writes it: bytes on a connection that is kept, with no library to correct them."""

import http.client
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.servers import Browser, Console, form_of


@dataclass(frozen=True)
class Answered:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Wire:
    """A connection to a console, with the cookies of somebody who is signed in."""

    def __init__(self, console: Console, person: str = "ada") -> None:
        self.console = console
        parts = urlsplit(console.url)
        self.address, self.host = (parts.hostname, parts.port), parts.netloc
        self.browser = Browser(console.url)
        if person:
            self.sign_in(person)
        self.peer: socket.socket | None = None
        self.sent = 0

    def sign_in(self, person: str) -> None:
        self.browser.sign_in(person)
        self.csrf = form_of(self.browser.get("/"), "/signout/")["csrfmiddlewaretoken"]
        cookies = self.browser.session.cookies
        self.cookie = "; ".join(f"{name}={cookies[name]}" for name in ("console-session", "console-csrf"))

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        signed_in: bool = True,
    ) -> Answered:
        """``headers`` come instead of ours of the same name."""
        given = headers or []
        names = {name.lower() for name, _ in given}
        ours = [("Host", self.host), ("Content-Length", str(len(body)))] if body else [("Host", self.host)]
        ours += [("Cookie", self.cookie)] if signed_in else []
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [
            f"{name}: {value}" for name, value in [*ours, *given] if name.lower() not in names or (name, value) in given
        ]
        data = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass") + body
        try:
            return self._exchange(method, data)
        except (OSError, http.client.HTTPException):
            self.close()  # the server ends connections that are idle or were misused
            return self._exchange(method, data)

    def close(self) -> None:
        if self.peer:
            self.peer.close()
            self.peer = None

    def _exchange(self, method: str, data: bytes) -> Answered:
        if self.peer is None:
            self.peer = socket.create_connection(self.address, timeout=30)
        self.peer.sendall(data)
        response = http.client.HTTPResponse(self.peer, method=method)
        try:
            response.begin()
            answer = Answered(response.status, tuple(response.getheaders()), response.read())
            ends = response.will_close
        finally:
            response.close()
        self.sent += 1
        if ends:
            self.close()
        return answer
