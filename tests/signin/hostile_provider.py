"""An OpenID provider that answers whatever a test tells it to."""

import base64
import hashlib
import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers import Browser, Console

DISCOVERY = "/.well-known/openid-configuration"
CLIENT_ID = "org-accounts-console"
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
SHORT_KEY = rsa.generate_private_key(65537, 1024)


def signed_with_short_key(claims: dict[str, Any]) -> str:
    """By hand: PyJWT itself warns of such a key."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "kid": "k1"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = SHORT_KEY.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


Raw = Callable[[BaseHTTPRequestHandler], None]


def public(key: rsa.RSAPrivateKey, kid: str = "k1", **more: Any) -> dict[str, Any]:
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


class HostileProvider:
    """Each endpoint answers from ``answers``: a JSON document, ``(status, headers, body)``, or a callable."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                provider.calls.append((self.path, self.rfile.read(length).decode()))
                provider.headers.append((self.path, dict(self.headers)))
                provider.answer(self)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        self.calls: list[tuple[str, str]] = []
        self.headers: list[tuple[str, dict[str, str]]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        if tls:
            self.issuer = f"https://localhost:{self.server.server_address[1]}"
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.behave()

    def behave(self) -> None:
        """Answer as a good provider does."""
        self.calls.clear()
        self.headers.clear()
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.signed: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            claims, KEY, "RS256", headers={"kid": "k1"}
        )
        self.answers: dict[str, Any] = {
            "/.well-known/openid-configuration": self.discovery(),
            "/jwks": {"keys": [public(KEY)]},
            "/token": self.token,
            "/userinfo": {"sub": "ada", "name": "Ada", "email": "ada@acme.example", "groups": ["acme-admins"]},
        }

    def discovery(self, **changed: Any) -> dict[str, Any]:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return {name: value for name, value in {**document, **changed}.items() if value is not None}

    def id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "ada",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "at_hash": base64.urlsafe_b64encode(hashlib.sha256(b"at-1").digest()[:16]).rstrip(b"=").decode(),
            **self.claims,
        }
        return self.signed({name: value for name, value in claims.items() if value is not None})

    def token(self, **changed: Any) -> dict[str, Any]:
        document = {"access_token": "at-1", "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token()}
        return {name: value for name, value in {**document, **changed}.items() if value is not None}

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        answer = self.answers.get(handler.path, (404, {}, b""))
        try:
            if callable(answer):
                answer = answer(handler) if answer.__name__.startswith("raw") else answer()
            if answer is None:
                return
            status, headers, body = answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer).encode())
            handler.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass


def raw_drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def raw_drip_headers(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.1)


def raw_huge(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
    for _ in range(50):
        handler.wfile.write(b" " * 1024 * 1024)


def raw_reset(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    handler.connection.close()


def raw_garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


class Attempt:
    """One sign-in against the hostile provider."""

    def __init__(self, console: Console, provider: HostileProvider) -> None:
        self.browser = Browser(console.url)
        self.provider = provider
        self.parameters: dict[str, str] = {}

    def start(self, path="/signin/"):
        page = self.browser.get(path, follow=False)
        if page.status_code == 302:
            query = parse_qs(urlsplit(page.headers["Location"]).query)
            self.parameters = {name: values[0] for name, values in query.items()}
            self.provider.nonce = self.parameters["nonce"]
        return page

    def finish(self, **changed):
        sent = {"code": "c-1", "state": self.parameters.get("state"), "iss": self.provider.issuer, **changed}
        query = urlencode({name: value for name, value in sent.items() if value is not None})
        return self.browser.get(f"/signin/callback/?{query}", follow=False)

    def run(self, **changed):
        page = self.start()
        return self.finish(**changed) if page.status_code == 302 else page

    def is_signed_in(self) -> bool:
        return (
            self.browser.get("/", follow=False).status_code != 302
            or "/signin/" not in (self.browser.last.headers["Location"])
        )


class RefreshingProvider(HostileProvider):
    """Rotates its refresh tokens. ``refreshed`` makes the answer to a refresh from the regular one."""

    def behave(self):
        super().behave()
        self.used = []
        self.refreshed = lambda answer: answer
        self.answers["/token"] = self.grant

    def grant(self):
        form = {name: values[0] for name, values in parse_qs(self.calls[-1][1]).items()}
        if form["grant_type"] != "refresh_token":
            return self.token(refresh_token="rt-0")
        self.used.append(form["refresh_token"])
        answer = {
            "access_token": "at-1",
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": f"rt-{uuid.uuid4()}",
        }
        return self.refreshed(answer)
