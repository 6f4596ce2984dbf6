"""Everything over IPv6: the console's own address, provider, directory, database, cache, proxy."""

import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
import requests

from console.sandbox.processes import ROOT, Server, free_port
from tests import proxies, servers
from tests.faults.fleet import wait_until
from tests.faults.wires import Wire
from tests.servers import Browser, Console, outcome_of, text_of


class Wire6(Wire):
    """A connection to something, that is reached at ``[::1]``."""

    def open(self) -> None:
        self._socket = socket.create_server(("::1", self.port), family=socket.AF_INET6)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()


def to(url, default):
    parts = urlsplit(url)
    return Wire6(parts.hostname, parts.port or default)


@pytest.fixture(scope="module")
def console(provider, directory_server, migrated, sqlite_settings, tmp_path_factory):
    """A console that gunicorn serves at ``[::1]`` as it is configured for production."""
    folder, port = tmp_path_factory.mktemp("ipv6"), free_port()
    database = migrated("postgresql")
    wires = [to(provider.url, 80), to(directory_server.url, 80), to(database, 5432), to(servers.REDIS, 6379)]
    parts = urlsplit(database)
    user = parts.netloc.rpartition("@")[0]
    url = f"http://[::1]:{port}"
    env = {
        **sqlite_settings,
        "ALLOWED_HOSTS": "::1",
        "CONSOLE_BIND": f"[::1]:{port}",
        "OIDC_ISSUER": f"http://[::1]:{wires[0].port}",
        "DIRECTORY_API_URL": f"http://[::1]:{wires[1].port}/",
        "DATABASE_URL": f"postgres://{user}@[::1]:{wires[2].port}{parts.path}",
        "CACHE_URL": f"redis://[::1]:{wires[3].port}{urlsplit(servers.REDIS).path}",
        "METRICS_NETWORKS": "::1/128",
    }
    provider.control(allow=url)
    command = [sys.executable, "-m", "gunicorn", "--config", "console/deploy/gunicorn.conf.py"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    server = Server("console", url, process, env)
    wait_until(lambda: answers(url, process, folder), "the console answers")
    yield Console(server, folder / "log", "postgresql")
    server.stop()
    for wire in wires:
        wire.shut()


@pytest.fixture(scope="module")
def sqlite_settings(start_console):
    return start_console("sqlite").server.env


def answers(url, process, folder):
    assert process.poll() is None, (folder / "log").read_text()
    try:
        return requests.get(f"{url}/healthz", timeout=20).status_code == 200
    except requests.ConnectionError:
        return False


def test_sign_in_and_change(console, directory):
    assert requests.get(f"{console.url}/readyz", timeout=20).json()["ready"] is True
    ada = Browser(console.url)
    assert ada.sign_in("ada").url.startswith(console.url)
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert outcome_of(page) == "applied", text_of(page)
    assert '"ip":"::1"' in ada.get("/orgs/acme/changes/export.jsonl").text
    assert requests.get(f"{console.url}/metrics", timeout=20).status_code == 200
    out = console.manage("doctor", "--url", console.url).stdout
    assert f"✓ redirect URI  {console.url}/signin/callback/ is registered" in out, out
    for part in ("provider", "client", "database", "cache", "directory"):
        assert f"✓ {part:<13} " in out, out


def test_nginx_may_reach_it(console, tmp_path):
    with proxies.run_nginx(tmp_path, [f"[::1]:{urlsplit(console.url).port}"]) as url:
        page = requests.get(f"{url}/signout/", headers={"Host": "[::1]:8443"}, timeout=20)
        assert page.status_code == 200
