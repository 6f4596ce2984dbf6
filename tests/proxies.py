"""The reverse proxies that the console ships files for, run with these files: only names, addresses and TLS are changed."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from console.sandbox.processes import ROOT, free_port
from tests.conftest import unavailable

FOLDER = ROOT / "console" / "deploy"
START_SECONDS = 20


def shipped(name: str) -> str:
    return (FOLDER / name).read_text()


def program(name: str) -> str:
    """Its path; the test says so where it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        unavailable(name)
    return str(found)


def certificate(folder: Path) -> None:
    """``fullchain.pem``, ``privkey.pem``, and ``both.pem`` of a name that nobody asks for."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "both.pem").write_bytes((folder / "fullchain.pem").read_bytes() + (folder / "privkey.pem").read_bytes())


def nginx(folder: Path, text: str) -> Path:
    """What ``nginx -c`` takes, with ``text`` as one file of its conf.d, on ports that need no root."""
    (folder / "console.conf").write_text(re.sub(r"listen (\[::\]:)?(80|443)\b", r"listen \g<1>1\2", text))
    kept = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}} "
        f"http {{ access_log off; {kept} include {folder}/console.conf; }}"
    )
    return path


def _at(upstream: int | str) -> str:
    return f"127.0.0.1:{upstream}" if isinstance(upstream, int) else upstream


@contextmanager
def run_nginx(
    folder: Path, upstreams: Sequence[int | str], *, more: str = "", prefix: str = "", strips: bool = False
) -> Iterator[str]:
    """The shipped file with these upstreams, without TLS. ``more`` is added to its location, which is at ``prefix``.

    ``strips``: it removes the prefix from the path, as some operators' proxies do.
    """
    port = free_port()
    text = shipped("nginx.conf")
    text = text.replace("    server 127.0.0.1:8000;\n", "".join(f"    server {_at(one)};\n" for one in upstreams))
    text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)  # it redirects to TLS
    text = re.sub(r"    ssl_[^\n]*\n|    listen \[::\][^\n]*\n", "", text)
    text = text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}").replace(
        "location / {", f"location {prefix}/ {{ {more}"
    )
    text = text.replace("proxy_pass http://console;", "proxy_pass http://console/;") if strips else text
    with _running([program("nginx"), "-c", str(nginx(folder, text))], folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def run_caddy(folder: Path, upstreams: Sequence[int], *, more: str = "") -> Iterator[str]:
    """As ``run_nginx``; ``more`` is added to its ``reverse_proxy``."""
    port = free_port()
    there = " ".join(f"127.0.0.1:{one}" for one in upstreams)
    text = shipped("Caddyfile").replace("reverse_proxy 127.0.0.1:8000 {", f"reverse_proxy {there} {{ \n{more}\n")
    text = text.replace("console.example.org", f"http://127.0.0.1:{port}")
    text = text.replace(
        "{\n", f"{{\n\tadmin off\n\tstorage file_system {folder}/caddy\n", 1
    )  # the global options stand first
    (folder / "Caddyfile").write_text(text)
    command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with _running(command, folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def run_haproxy(
    folder: Path, upstreams: Sequence[int], *, more: str = "", tls: Path | None = None, sticky: bool = False
) -> Iterator[str]:
    """As ``run_nginx``; ``more`` is added to its defaults. ``tls``: the CA of upstreams that speak TLS; else they do not.

    ``sticky``: with the lines that keep a session at one replica.
    """
    port = free_port()
    text = shipped("haproxy.cfg")
    text = re.sub(r"    (log /dev/log|user|group|bind :443|http-request redirect) ?[^\n]*\n", "", text)
    text = text.replace("bind :80", f"bind 127.0.0.1:{port}").replace(
        "X-Forwarded-Proto https", "X-Forwarded-Proto http"
    )
    text = text.replace("/run/haproxy", str(folder)).replace("frontend console\n", f"{more}\nfrontend console\n")
    text = text.replace("hdr Host console.example.org", "hdr Host 127.0.0.1")
    text = text.replace("/etc/haproxy/console-ca.pem", str(tls))
    text = re.sub(r"# (balance hash|hash-type)", r"\1", text) if sticky else text
    text = text if tls else re.sub(r"    default-server ssl [^\n]*\n", "", text)
    there = "".join(f"    server replica{number} 127.0.0.1:{one}\n" for number, one in enumerate(upstreams))
    text = re.sub(r"(    server \w+ 192\.0\.2\.\d+:8000\n)+", there, text)
    (folder / "haproxy.cfg").write_text(text.replace("global\n", "global\n    log stderr format raw local0\n", 1))
    with _running([program("haproxy"), "-f", str(folder / "haproxy.cfg")], folder, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """The proxy, from when it accepts connections on; what it says is in ``proxy.log``."""
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        until = time.monotonic() + START_SECONDS
        while not _accepts(port):
            said = (folder / "proxy.log").read_text()
            assert process.poll() is None, f"{command[0]} ended: {said}"
            assert time.monotonic() < until, f"{command[0]} did not start: {said}"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def run_tinyproxy(
    folder: Path, names: Sequence[str], *, user: str = "", password: str = "", **limits: int
) -> Iterator[int]:
    """An outgoing proxy, the only one to know these names: for it, each is 127.0.0.1. Its port; it logs to ``proxy.log``.

    ``limits`` are further directives with a number, such as ``ConnectPort``.
    """
    port = free_port()
    (folder / "hosts").write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names)))
    directives = [f"Port {port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "LogLevel Connect", "Timeout 600"]
    directives += [f"BasicAuth {user} {password}"] if user else []
    directives += [f"{name} {value}" for name, value in limits.items()]
    (folder / "tinyproxy.conf").write_text("\n".join([*directives, ""]))
    inside = f"mount --bind {folder}/hosts /etc/hosts && exec {program('tinyproxy')} -d -c {folder}/tinyproxy.conf"
    as_root = [] if os.getuid() == 0 else ["--map-root-user"]
    command = ["unshare", *as_root, "--mount", "--propagation", "private", "sh", "-c", inside]
    with _running(command, folder, port):
        yield port


RUN = {"nginx": run_nginx, "caddy": run_caddy, "haproxy": run_haproxy}
