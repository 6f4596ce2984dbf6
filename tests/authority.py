"""A company's own certificate authority, and servers with its certificates: PostgreSQL, Redis, HTTP."""

import datetime
import functools
import getpass
import http.server
import ipaddress
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from console.sandbox.processes import free_port
from tests.conftest import unavailable
from tests.proxies import program

NAMES = ("localhost", "127.0.0.1", "::1")
START_SECONDS = 30


class Authority:
    """Issues certificates. As many companies' authorities, it has no key usage and no key identifiers."""

    def __init__(self, folder: Path, name: str = "Company CA") -> None:
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(name, self.key, x509.BasicConstraints(ca=True, path_length=None), days=30)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(self, names: Sequence[str] = (), days: float = 30) -> tuple[Path, Path]:
        """Return the files of a certificate and its key; with negative ``days`` it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = list(names) or list(NAMES)
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        certificate = self._sign(names[0], key, alternatives, days=days)
        stem = f"{names[0].replace(':', '_')}-{days}"
        paths = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths

    def context(self, *names: str, days: float = 30) -> ssl.SSLContext:
        """Return a server's context with a new certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(names, days))
        return context

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType, *, days: float
    ) -> x509.Certificate:
        now, life = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=days)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + life)
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self.key, hashes.SHA256())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class HttpsServer:
    """Answers every request with ``answer``, and notes bodies and headers."""

    def __init__(self, context: ssl.SSLContext, answer: bytes = b"ok", host: str = "127.0.0.1") -> None:
        server = self
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.headers.append(dict(self.headers))
                server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        family = http.server.ThreadingHTTPServer
        kind = type("Server", (family,), {"address_family": 10 if ":" in host else 2, "handle_error": lambda *_: None})
        self.server = kind((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def run_postgresql(authority: Authority, **issue: Any) -> Iterator[str]:
    """A PostgreSQL server of its own that accepts only TLS and a password; the address of an empty database."""
    tools = _postgresql_tools()
    folder = Path(tempfile.mkdtemp(prefix="console-postgresql-"))
    port, user = free_port(), getpass.getuser()
    as_user: list[str] = []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        user, as_user = "postgres", ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, user)
    data = folder / "data"
    (folder / "password").write_text("serving")
    certificate, key = authority.issue(**issue)
    for source, target in ((certificate, "server.crt"), (key, "server.key")):
        shutil.copy(source, folder / target)
        (folder / target).chmod(0o600)
    for name in ("password", "server.crt", "server.key"):
        shutil.chown(folder / name, user)
    init = [tools / "initdb", "-D", data, "-U", "console", "--pwfile", folder / "password", "-A", "scram-sha-256", "-N"]
    subprocess.run([*as_user, *map(str, init)], check=True, capture_output=True, cwd="/")
    (data / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\n")
    options = f"-p {port} -h 127.0.0.1,::1 -k {folder} -c ssl=on -c fsync=off"
    options += f" -c ssl_cert_file={folder}/server.crt -c ssl_key_file={folder}/server.key"
    control = [*as_user, str(tools / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run(
        [*control, "-l", str(folder / "log"), "-o", options, "start"], check=True, capture_output=True, cwd="/"
    )
    try:
        yield f"postgres://console:serving@localhost:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/")
        shutil.rmtree(folder)


@functools.cache
def _postgresql_tools() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        unavailable("initdb of PostgreSQL")
    return folders[-1]


@contextmanager
def run_redis(authority: Authority, **issue: Any) -> Iterator[str]:
    """A Redis server that speaks TLS only, with a password; its address."""
    port = free_port()
    certificate, key = authority.issue(**issue)
    command = [program("redis-server"), "--port", "0", "--tls-port", str(port), "--save", "", "--requirepass", "p" * 20]
    command += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    command += [
        "--tls-ca-cert-file",
        str(authority.bundle),
        "--bind",
        "127.0.0.1",
        "::1",
        "--dir",
        str(authority.folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    url = f"rediss://:{'p' * 20}@localhost:{port}/0"
    try:
        _wait_for_redis(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for_redis(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "redis-server ended"
        try:
            with redis.from_url(url, ssl_cert_reqs="none", ssl_check_hostname=False) as client:
                client.ping()
                return
        except redis.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("redis-server did not start")


__all__ = ["Authority", "HttpsServer", "run_postgresql", "run_redis"]
