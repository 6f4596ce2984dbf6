"""Starts and stops the sandbox's servers, each in its own process."""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from console.sandbox.people import ORGANIZATIONS

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CLIENT_ID: Final = "org-accounts-console"
START_SECONDS: Final = 60


class ServerDidNotStart(Exception):
    """A server ended or did not answer in time; the message has the end of its output."""


@dataclass
class Server:
    """A running server."""

    name: str
    url: str
    process: "subprocess.Popen[bytes]"
    env: dict[str, str] = field(default_factory=dict, repr=False)

    def control(self, command: str = "", **parameters: Any) -> Any:
        """Send a command to the server's ``/_control/`` endpoint, and return its result."""
        body = json.dumps(parameters).encode()
        request = urllib.request.Request(f"{self.url}/_control/{command}", body, method="POST")
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.loads(response.read())

    def stop(self) -> None:
        """Terminate it, and kill it if it does not end within ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """Return a port of the loopback address that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read_keys(state: Path) -> dict[str, str]:
    """Return the sandbox's secrets; create them on the first start."""
    path = state / "keys.json"
    if not path.exists():
        pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        keys = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "TOKEN_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "AUDIT_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "OIDC_CLIENT_SECRET": secrets.token_urlsafe(32),
            "SANDBOX_PROVIDER_SECRET": secrets.token_urlsafe(64),
        }
        state.mkdir(parents=True, exist_ok=True)
        (state / "provider.pem").write_bytes(pem)
        path.write_text(json.dumps(keys))
        path.chmod(0o600)
        (state / "provider.pem").chmod(0o600)
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def start_provider(state: Path, *, port: int = 0, log: IO[bytes] | None = None) -> Server:
    """Start the OpenID provider, with the console registered as its client."""
    keys, port = read_keys(state), port or free_port()
    env = {
        **_plain_environment(),
        "DJANGO_SETTINGS_MODULE": "console.sandbox.provider.settings",
        "SANDBOX_STATE": str(state),
        "SANDBOX_PROVIDER_SECRET": keys["SANDBOX_PROVIDER_SECRET"],
    }
    _run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env)
    _run(
        [sys.executable, "-m", "console.sandbox.provider.register", CLIENT_ID],
        {**env, "CLIENT_SECRET": keys["OIDC_CLIENT_SECRET"]},
    )
    return _serve("provider", "console.sandbox.provider.wsgi", port, env, "/.well-known/openid-configuration", log)


def start_directory(
    provider: Server,
    *,
    port: int = 0,
    shape: str = "mixed",
    people: int = 300,
    file: Path | None = None,
    log: IO[bytes] | None = None,
) -> Server:
    """Start the Directory API, which verifies tokens at ``provider``. With a ``file`` it keeps accounts for later."""
    port = port or free_port()
    command = [sys.executable, "-m", "console.sandbox.directory", "--port", str(port), "--shape", shape]
    command += ["--people", str(people), "--userinfo", f"{provider.url}/identity/o/api/userinfo"]
    command += ["--file", str(file)] if file else []
    process = subprocess.Popen(command, env=_plain_environment(), cwd=ROOT, stderr=log, start_new_session=True)
    server = Server("directory", f"http://127.0.0.1:{port}", process)
    _wait(server, "/_control/ready")
    return server


def start_portal(console_url: str, *, port: int = 0) -> Server:
    """Start a page that frames the console. Its hosts ``localhost`` and ``127.0.0.1`` are two sites to a browser."""
    port = port or free_port()
    command = [sys.executable, "-m", "console.sandbox.portal", "--port", str(port), "--console", console_url]
    process = subprocess.Popen(command, env=_plain_environment(), cwd=ROOT, start_new_session=True)
    server = Server("portal", f"http://localhost:{port}", process)
    _wait(server, "/")
    return server


def portal_settings(portal_port: int, mode: str = "cross-site") -> dict[str, str]:
    """Return the console's settings that let the portal on this port frame it, under either of its host names."""
    origins = f"http://localhost:{portal_port},http://127.0.0.1:{portal_port}"
    return {"CONSOLE_EMBED_MODE": mode, "CONSOLE_EMBED_ORIGINS": origins}


def console_environment(
    state: Path, provider: Server, directory: Server, *, database_url: str = "", cache_url: str = ""
) -> dict[str, str]:
    """Return the environment of a console that uses the sandbox's servers, configured exactly as in production."""
    keys = read_keys(state)
    names = ("SECRET_KEY", "TOKEN_ENCRYPTION_KEYS", "AUDIT_SIGNING_KEY", "OIDC_CLIENT_SECRET")
    return {
        **_plain_environment(),
        **{name: keys[name] for name in names},
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATABASE_URL": database_url or f"sqlite:///{(state / 'console.sqlite3').resolve()}",
        **({"CACHE_URL": cache_url} if cache_url else {}),
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_PROVIDER_NAME": "Sandbox provider",
        "OIDC_PROMPT": "consent",  # some providers issue a refresh token only then
        "DIRECTORY_API_URL": directory.url,
        "CONSOLE_ORGANIZATIONS": json.dumps(ORGANIZATIONS),
        "AUDIT_LOG_ORIGIN": "sandbox.example",
        "LOG_FORMAT": "text",
    }


def migrate(env: Mapping[str, str]) -> None:
    """Apply the migrations to the console's database."""
    _run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env)


def make_history(env: Mapping[str, str]) -> None:
    """Fill the empty log of a console with some weeks of changes. Takes some seconds."""
    _run([sys.executable, "-m", "accounts_ui.sandbox_history"], env)


def start_console(
    env: Mapping[str, str],
    provider: Server,
    *,
    port: int = 0,
    workers: int = 1,
    log: IO[bytes] | None = None,
    prefix: Sequence[str] = (),
) -> Server:
    """Start the console in gunicorn, on a migrated database. ``prefix`` is a command that runs gunicorn."""
    port = port or free_port()
    provider.control(allow=f"http://127.0.0.1:{port}")
    provider.control(allow=f"http://localhost:{port}")
    server = _serve("console", "console.wsgi", port, dict(env), "/healthz", log, workers=workers, prefix=prefix)
    server.env = dict(env)
    return server


def start_worker(env: Mapping[str, str], *, log: IO[bytes] | None = None) -> Server:
    """Start the console's background worker. It has no address, and needs no waiting: it reports in the database."""
    command = [sys.executable, "manage.py", "run_worker"]
    process = subprocess.Popen(command, env=dict(env), cwd=ROOT, stderr=log, stdout=log, start_new_session=True)
    return Server("worker", "", process, dict(env))


def _serve(
    name: str,
    module: str,
    port: int,
    env: dict[str, str],
    ready: str,
    log: IO[bytes] | None,
    *,
    workers: int = 1,
    prefix: Sequence[str] = (),
) -> Server:
    command = [*prefix, sys.executable, "-m", "gunicorn", f"{module}:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(workers), "--threads", "8", "--timeout", "90", "--graceful-timeout", "5"]
    command += ["--log-level", "warning", "--no-control-socket", "--keep-alive", "75"]
    command += ["--worker-class", "console.runtime.buffering_worker.BufferingWorker"]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stderr=log, stdout=log, start_new_session=True)
    server = Server(name, f"http://127.0.0.1:{port}", process)
    _wait(server, ready)
    return server


def _wait(server: Server, path: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerDidNotStart(f"The {server.name} ended with {server.process.returncode} instead of starting.")
        try:
            with urllib.request.urlopen(f"{server.url}{path}", timeout=5) as response:
                response.read()
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    server.stop()
    raise ServerDidNotStart(f"The {server.name} did not answer within {START_SECONDS} seconds.")


def _plain_environment() -> dict[str, str]:
    """Return the parts of this process's environment that any process needs, without settings of the console."""
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT", "PYTHONWARNINGS")
    return {**{name: os.environ[name] for name in names if name in os.environ}, "PYTHONPATH": str(ROOT)}


def _run(command: list[str], env: Mapping[str, str]) -> None:
    result = subprocess.run(command, env=dict(env), cwd=ROOT, capture_output=True, check=False)
    if result.returncode:
        raise ServerDidNotStart(f"{' '.join(command[1:4])} failed:\n{result.stderr.decode(errors='replace')[-3000:]}")
