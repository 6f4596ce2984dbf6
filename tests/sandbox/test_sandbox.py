"""``manage.py sandbox``, and the quirks of its directory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from console.sandbox.processes import ROOT, free_port


def sandbox(*args):
    return [sys.executable, "manage.py", "sandbox", *args]


def plain():
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


def test_the_command_starts_all_and_stops_all(tmp_path):
    ports = [free_port() for _ in range(4)]
    names = ("--port", "--provider-port", "--directory-port", "--portal-port")
    options = [text for name, port in zip(names, ports, strict=True) for text in (name, str(port))]
    process = subprocess.Popen(
        sandbox("--state-dir", str(tmp_path / "state"), *options, "--people", "20", "--portal", "--no-history"),
        cwd=ROOT, env=plain(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    text = "".join(lines)
    assert f"Open http://127.0.0.1:{ports[0]}/" in text
    assert all(name in text for name in ("Ada Admin", "Otto Auditor", "Nora Nobody"))
    assert requests.get(f"http://127.0.0.1:{ports[0]}/readyz", timeout=20).status_code == 200
    assert f"Framed by a portal on another site: http://localhost:{ports[3]}/" in text
    assert f'"http://127.0.0.1:{ports[0]}"' in requests.get(f"http://127.0.0.1:{ports[3]}/", timeout=20).text
    [worker] = children(process.pid, "run_worker")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not Path(f"/proc/{worker}").exists()
    process.stdout.close()
    time.sleep(0.2)
    for port in ports:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/", timeout=5)


def children(parent, word):
    """Return the child processes of ``parent`` with this word in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            status, command = (folder / "status").read_text(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"PPid:\t{parent}\n" in status and word.encode() in command:
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_only_loopback_addresses_are_accepted(host):
    result = subprocess.run(sandbox("--host", host), cwd=ROOT, env=plain(), capture_output=True, text=True)
    assert result.returncode != 0
    assert "not a loopback address" in result.stderr


def test_an_unknown_fault_is_explained():
    result = subprocess.run(sandbox("--fault", "gremlins"), cwd=ROOT, env=plain(), capture_output=True, text=True)
    assert result.returncode != 0
    assert "hang-before" in result.stderr


@pytest.fixture
def call(directory, provider, sqlite_console, sign_in):
    """Calls the directory with the valid token of a signed-in session."""
    sign_in(sqlite_console, "ada")
    script = (
        "from console.signin.models import Session; from console.signin.session_secrets import decrypt_secrets\n"
        "row = Session.objects.exclude(secret='').order_by('-signed_in_at').first()\n"
        "print(decrypt_secrets(row.secret).access_token)"
    )
    token = sqlite_console.manage("shell", "--no-imports", "-v", "0", "-c", script).stdout.strip()

    def go(method, path, headers=None, **options):
        auth = {"Authorization": f"Bearer {token}"} if headers is None else headers
        return requests.request(method, f"{directory.url}/directory/orgs/{path}", headers=auth, timeout=20, **options)

    return go


def test_the_quirks(call, directory):
    subject = directory.person("worker")
    gold = directory.person("gold")
    assert call("GET", "acme/accounts/users", headers={}).status_code == 401
    bad = call("GET", "acme/accounts/users", headers={"Authorization": "Bearer nonsense"})
    assert bad.status_code == 401
    assert bad.content == b""
    assert bad.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    for _ in range(2):
        assert call("POST", f"acme/accounts/users/{subject}/visitor").status_code == 200
    assert len([one for one in directory.accounts(subject) if one["account_code"] == "visitor"]) == 2
    assert call("POST", "acme/accounts/users/a-typing-error/visitor").status_code == 200
    assert call("DELETE", f"acme/accounts/users/{subject}/worker").json()["error"] == "HttpMessageNotReadableException"
    assert call("DELETE", f"acme/accounts/users/{subject}/worker", data='"bye"').status_code == 204
    assert {one["status"] for one in directory.accounts(subject) if one["account_code"] == "worker"} == {"disabled"}
    missing = call("DELETE", f"acme/accounts/users/{gold}/gold", data='"bye"')
    assert missing.status_code == 404
    assert missing.json()["error"]["reason"] == "User and account not found."
    assert call("GET", "nowhere/accounts/users").status_code == 404
    assert call("DELETE", f"nowhere/accounts/users/{subject}/worker", data='"x"').status_code == 409
    unknown = call("POST", f"acme/accounts/users/{subject}/platinum")
    assert unknown.json()["error"]["reason"] == "Account type is not found in organization."
    assert call("PUT", f"acme/accounts/users/{subject}/worker", json={"status": "frozen"}).status_code == 500
    directory.fault("missing-permissions", on="list")
    assert call("GET", "acme/accounts/users").json() == {"missing_permissions": ["org.directory.list"]}
