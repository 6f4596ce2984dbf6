"""The change log's lines at a SIEM: RFC 5424 over TCP, UDP and TLS, also after the SIEM was unavailable."""

import json
import re
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.sandbox.processes import free_port
from tests.operations.test_hardening import self_signed

MESSAGE = re.compile(
    r"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [\x21-\x7e]+ org-accounts-console \d+ (changes|checkpoints) - ({.*})"
)


def frames(peer, count):
    """Return messages of a stream, in the framing of RFC 6587."""
    stream, found = peer.makefile("rb"), []
    while len(found) < count:
        length = b""
        while not length.endswith(b" "):
            length += stream.read(1)
        found.append(stream.read(int(length)).decode("ascii"))
    return found


def listen(port=0):
    server = socket.create_server(("127.0.0.1", port))
    server.settimeout(30)
    return server


def accept(server):
    peer, _ = server.accept()
    peer.settimeout(30)
    return peer


@pytest.fixture(scope="module")
def forwarding(start_console):
    port = free_port()
    return start_console("sqlite", CHANGES_SYSLOG=f"tcp://127.0.0.1:{port}"), port


def change_something(browser, directory, status="disabled"):
    path = f"/orgs/acme/accounts/{directory.person('worker', name='Bö')}/worker/status/"
    assert browser.post(path, {**browser.form(path), "status": status}).status_code == 200


def test_lines_are_sent_once_the_siem_is_available_again(forwarding, sign_in, directory):
    console, port = forwarding
    ada = sign_in(console, "ada")
    change_something(ada, directory)  # nobody listens: the page comes all the same
    with listen(port) as server, accept(server) as peer:
        lines = frames(peer, 2)
    with listen(port) as server:  # the former connection is gone
        change_something(ada, directory)
        with accept(server) as peer:
            lines += frames(peer, 2)
    found = [MESSAGE.fullmatch(line) for line in lines]
    assert [one.group(1) for one in found] == ["changes"] * 4
    exported = ada.get("/orgs/acme/changes/export.jsonl").text.splitlines()
    assert [json.loads(one.group(2)) for one in found] == [json.loads(line) for line in exported]
    assert "The SIEM does not accept lines of the change log" in console.log()


def checkpoint_of(receive):
    """The statement about acme's log: a command sends one for each log with new events."""
    while True:
        kind, text = MESSAGE.fullmatch(receive()).groups()
        assert kind == "checkpoints"
        statement = json.loads(text)
        if statement["organization_id"] == "acme":
            return statement


def size_at(console, statement) -> int:
    """The size that the line states; its signed note, which arrived whole, states the same."""
    note = statement["note"].splitlines()
    assert int(note[1]) == statement["size"]
    assert note[2] == statement["root"]
    [key] = console.manage("checkpoint", "--verifier-key", "--organization", "acme").stdout.split()
    assert note[-1].startswith(f"\N{EM DASH} {key.split('+')[0]} ")
    return statement["size"]


def test_a_command_sends_its_lines_before_it_ends(sqlite_console, sign_in, directory, tmp_path):
    console, ada = sqlite_console, sign_in(sqlite_console, "ada")
    change_something(ada, directory)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as siem:
        siem.bind(("127.0.0.1", 0))
        siem.settimeout(30)
        console.manage("checkpoint", "--emit", env={"CHANGES_SYSLOG": f"udp://127.0.0.1:{siem.getsockname()[1]}"})
        size = size_at(console, checkpoint_of(lambda: siem.recv(65535).decode("ascii")))

    change_something(ada, directory)
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with listen() as server, context.wrap_socket(server, server_side=True) as secured, ThreadPoolExecutor(1) as pool:
        address = f"tcp+tls://127.0.0.1:{secured.getsockname()[1]}"
        env = {"CHANGES_SYSLOG": address, "CA_BUNDLE": str(certificate)}
        done = pool.submit(console.manage, "checkpoint", "--emit", env=env)
        with accept(secured) as peer:
            statement = checkpoint_of(lambda: frames(peer, 1)[0])
        assert done.result().returncode == 0
    assert size_at(console, statement) == size + 2
