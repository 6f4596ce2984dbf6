"""Provider, directory and checkpoints through tinyproxy. Only the proxy can resolve the names of the services."""

import re
import socket
import threading

import pytest

from tests import proxies
from tests.authority import Authority, HttpsServer
from tests.faults.fleet import wait_until
from tests.faults.wires import Front, Listener
from tests.operations.test_doctor import doctor
from tests.operations.test_site import start
from tests.servers import Browser, outcome_of, text_of
from tests.signin.hostile_provider import Attempt, HostileProvider

NAMES = [f"{name}.company.example" for name in ("login", "directory", "archive", "traces")]
PROVIDER, DIRECTORY, ARCHIVE, TRACES = NAMES
PASSWORD = "p.s-s_w0rd"  # tinyproxy takes no other characters
WRITTEN = "p%2Es-s_w0rd"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """A proxy that wants a password; the folder with its log, and its port."""
    folder = tmp_path_factory.mktemp("tinyproxy")
    with proxies.run_tinyproxy(folder, NAMES, user="ada", password=PASSWORD) as port:
        yield folder, port


def connections(proxy):
    """Return the hosts that the proxy was asked to connect to, in order."""
    return re.findall(r"CONNECT ([\w.-]+):\d+ HTTP/1\.[01]", (proxy[0] / "proxy.log").read_text())


@pytest.fixture(scope="module")
def behind_proxy(start_console, directory_server, authority, proxy):
    """A console that reaches directory and checkpoints only through the proxy, and a provider on this machine."""
    front = Front(directory_server.url, authority.context(DIRECTORY))
    archive = HttpsServer(authority.context(ARCHIVE))
    console = start_console(
        "sqlite",
        OUTGOING_PROXY=f"http://ada:{WRITTEN}@127.0.0.1:{proxy[1]}",
        CA_BUNDLE=str(authority.bundle),
        DIRECTORY_API_URL=f"https://{DIRECTORY}:{front.port}",
        AUDIT_CHECKPOINT_TARGET=f"https://{ARCHIVE}:{archive.port}/checkpoints",
        HTTPS_PROXY="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
    )
    yield console, archive
    front.shut()
    archive.stop()


def test_directory_and_checkpoints_go_through_the_proxy(behind_proxy, sign_in, directory, proxy):
    console, archive = behind_proxy
    ada = sign_in(console, "ada")
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert outcome_of(page) == "applied", text_of(page)
    result = console.manage("checkpoint", "--emit")
    assert result.returncode == 0, result.stderr
    assert set(connections(proxy)) == {DIRECTORY, ARCHIVE}, "the provider on this machine is called directly"
    assert archive.bodies, "the checkpoint arrived"
    assert not any("proxy" in name.lower() for headers in archive.headers for name in headers)
    _, found = doctor(console)
    assert [(level, text.split(" is trusted")[0]) for level, text, _ in found["certificates"]] == [
        ("ok", f"the certificate of {DIRECTORY} (DIRECTORY_API_URL)"),
        ("ok", f"the certificate of {ARCHIVE} (AUDIT_CHECKPOINT_TARGET)"),
    ]
    assert found["directory"][0][0] == "ok"
    for secret in (PASSWORD, WRITTEN):
        assert secret not in console.log()


def test_spans_go_through_the_proxy(start_console, authority, proxy):
    traces = HttpsServer(authority.context(TRACES))
    console = start_console(
        "sqlite",
        OUTGOING_PROXY=f"http://ada:{WRITTEN}@127.0.0.1:{proxy[1]}",
        CA_BUNDLE=str(authority.bundle),
        OTEL_EXPORTER_OTLP_ENDPOINT=f"https://{TRACES}:{traces.port}",
        OTEL_BSP_SCHEDULE_DELAY="100",
        HTTPS_PROXY="http://127.0.0.1:9",
    )
    Browser(console.url).get("/")
    wait_until(lambda: bool(traces.bodies), "spans arrive")
    assert TRACES in connections(proxy)
    traces.stop()


def test_signing_in_goes_through_the_proxy(start_console, authority, proxy):
    provider = HostileProvider(authority.context(PROVIDER))
    provider.issuer = f"https://{PROVIDER}:{provider.server.server_address[1]}"
    provider.behave()
    console = start_console(
        "sqlite",
        OIDC_ISSUER=provider.issuer,
        OUTGOING_PROXY=f"http://ada:{WRITTEN}@127.0.0.1:{proxy[1]}",
        CA_BUNDLE=str(authority.bundle),
    )
    before = connections(proxy).count(PROVIDER)
    attempt = Attempt(console, provider)
    assert attempt.run().status_code == 302
    assert attempt.is_signed_in()
    assert connections(proxy).count(PROVIDER) - before >= 4, "discovery, keys, token, userinfo"
    provider.server.shutdown()
    provider.server.server_close()


def test_hosts_of_no_proxy_are_called_directly(behind_proxy, proxy):
    """Without the proxy nobody knows the name, which shows that it was not used."""
    console, _ = behind_proxy
    url = console.server.env["DIRECTORY_API_URL"]
    port = url.rsplit(":", 1)[1]
    for direct in (DIRECTORY, ".company.example", f"other.example, {DIRECTORY}:{port}", "*"):
        _, found = doctor(console, NO_PROXY=direct)
        assert "could not be resolved" in found["directory"][0][1], direct
    for other in ("other.example", f"{DIRECTORY}:1", "10.0.0.0/8"):
        assert doctor(console, NO_PROXY=other)[1]["directory"][0][0] == "ok", other


REFUSALS = {
    "wrong password": (
        "http://ada:wrong-word@127.0.0.1:{port}",
        "401 Unauthorized, check the user and password in OUTGOING_PROXY",
    ),
    "no password": ("http://127.0.0.1:{port}", "407 Proxy Authentication Required, check the user"),
    "nobody listens": (
        "http://127.0.0.1:9",
        "The outgoing proxy could not be reached (127.0.0.1:9: Connection refused)",
    ),
    "no such name": ("http://proxy.invalid:3128", "The outgoing proxy could not be reached (proxy.invalid:3128: "),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_proxy_that_refuses_is_named(behind_proxy, proxy, name):
    address, words = REFUSALS[name]
    _, found = doctor(behind_proxy[0], OUTGOING_PROXY=address.format(port=proxy[1]))
    [(level, message, _)] = found["directory"]
    assert level == "error"
    assert words in message
    assert "wrong-word" not in message


def test_a_change_that_the_proxy_refused_was_not_sent(start_console, behind_proxy, sign_in, directory, tmp_path):
    """A console with a proxy that allows only another port."""
    env = behind_proxy[0].server.env
    with proxies.run_tinyproxy(tmp_path, [DIRECTORY], ConnectPort=1) as port:
        console = start_console(
            "sqlite",
            OUTGOING_PROXY=f"http://127.0.0.1:{port}",
            CA_BUNDLE=env["CA_BUNDLE"],
            DIRECTORY_API_URL=env["DIRECTORY_API_URL"],
        )
        page = sign_in(console, "ada").get("/orgs/acme/accounts/")
        assert page.status_code == 502
        assert "The outgoing proxy refused the connection" in text_of(page)
        assert "403 Forbidden, let the proxy allow this host and port" in text_of(page)


class Dripping(Listener):
    """A directory with TLS whose answers never end."""

    def __init__(self, context):
        self.context, self.over = context, threading.Event()
        super().__init__()

    def serve(self, peer: socket.socket) -> None:
        with self.context.wrap_socket(peer, server_side=True) as plain:
            plain.recv(65536)
            plain.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not self.over.wait(0.1):
                plain.sendall(b"[")


def test_the_deadline_holds_through_the_proxy(start_console, sign_in, authority, proxy):
    dripping = Dripping(authority.context(DIRECTORY))
    console = start_console(
        "sqlite",
        OUTGOING_PROXY=f"http://ada:{WRITTEN}@127.0.0.1:{proxy[1]}",
        CA_BUNDLE=str(authority.bundle),
        DIRECTORY_API_URL=f"https://{DIRECTORY}:{dripping.port}",
    )
    page = sign_in(console, "ada").get("/orgs/acme/accounts/")
    assert page.status_code == 504, text_of(page)
    assert "The directory did not answer in time" in text_of(page)
    dripping.over.set()
    dripping.shut()


def test_a_wrong_setting_stops_the_start():
    for settings, words in (
        ({"OUTGOING_PROXY": "https://proxy.example.org:3128"}, "OUTGOING_PROXY: not the http:// address of a proxy"),
        (
            {"OUTGOING_PROXY": "http://ada:hidden@proxy.example.org"},
            "OUTGOING_PROXY: not the http:// address of a proxy",
        ),
        (
            {"OUTGOING_PROXY": "http://proxy.example.org:3128", "NO_PROXY": "10.0.0.0/40"},
            "NO_PROXY: '10.0.0.0/40' is not",
        ),
    ):
        result = start(**settings)
        assert result.returncode != 0
        assert words in result.stderr
        assert "for example: " in result.stderr
        assert "Traceback" not in result.stderr
        assert "hidden" not in result.stderr
    assert start(NO_PROXY="nonsense of the machine, 169.254/16").returncode == 0, "without a proxy nobody reads it"
