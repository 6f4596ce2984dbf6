"""The nightly tasks are services of their own; and ``doctor`` and ``check --deploy`` try the target of checkpoints."""

import http.server
import json
import os
import re
import shutil
import socket
import stat
import threading

import pytest

from accounts_ui.changes.chain.notes import parse_note, parse_tree_head, split_notes
from console.sandbox.processes import ROOT
from tests.changes.test_rotation import append

FOLDER = ROOT / "console" / "deploy"
GUIDE = (ROOT / "console" / "docs" / "deploying.md").read_text()
CHECKPOINTS = "/srv/console-checkpoints"


def tasks():
    """The command of each nightly task, as systemd makes it of instance and variables."""
    instances = re.findall(r"console-daily@(\w+)\.service", (FOLDER / "console-daily.target").read_text())
    unit = (FOLDER / "console-daily@.service").read_text()
    variables = dict(re.findall(r'^Environment="?(\w+)=([^"\n]+)"?$', unit, re.MULTILINE))
    [command] = re.findall(r"^ExecStart=\S+python (.+)$", unit, re.MULTILINE)
    assert command == "manage.py $%i"
    return {name: ["manage.py", *variables[name].split()] for name in instances}


def test_the_nightly_tasks_are_those_of_the_guide():
    listed = re.findall(r"^\| `(manage\.py [^`]+)` \| `console-daily@(\w+)` \|", GUIDE, re.MULTILINE)
    assert {name: command.split() for command, name in listed} == tasks()
    assert "Unit=console-daily.target\n" in (FOLDER / "console-daily.timer").read_text()


def test_the_services_may_write_where_the_guide_puts_the_file():
    assert f"install -d -m 0750 -o console -g console {CHECKPOINTS}" in GUIDE
    for name in ("console-tasks.service", "console-daily@.service"):
        [paths] = re.findall(r"^ReadWritePaths=(.+)$", (FOLDER / name).read_text(), re.MULTILINE)
        assert f"-{CHECKPOINTS}" in paths.split(), name


def test_a_target_that_is_away_stops_no_other_task(start_console, directory):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        target = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    console = start_console("sqlite", AUDIT_CHECKPOINT_TARGET=target)
    append(console, directory)
    codes = {name: console.manage(*command[1:]).returncode for name, command in tasks().items()}
    assert codes == {"checkpoint": 1, "sessions": 0, "plans": 0, "verification": 0}


def checkpoint_findings(console, target):
    env = {"AUDIT_CHECKPOINT_TARGET": str(target)}
    told = json.loads(console.manage("doctor", "--json", env=env).stdout)["findings"]
    found = [finding for finding in told if finding["check"] == "checkpoints"]
    reported = "console.E033" in console.manage("check", "--deploy", env=env).stderr
    assert reported == any(finding["level"] == "error" for finding in found)
    return found


def test_a_file_is_written_to(start_console, directory, tmp_path):
    console, target = start_console("sqlite"), tmp_path / "checkpoints.txt"
    if os.geteuid() == 0:
        shutil.chown(tmp_path, 12345, 12345)
    assert [finding["level"] for finding in checkpoint_findings(console, target)] == ["ok"]
    tried = {parse_tree_head(parse_note(note).text)[:2] for note in split_notes(target.read_text())}
    assert tried == {("sandbox.example/orgs/acme", 0)}
    assert stat.S_IMODE(target.stat().st_mode) & 0o007 == 0
    assert target.stat().st_uid == tmp_path.stat().st_uid, "the service may append to what root made"
    append(console, directory, "globex")  # the log of acme, of which the first checkpoint is, never begins
    assert console.manage("checkpoint", "--emit", env={"AUDIT_CHECKPOINT_TARGET": str(target)}).returncode == 0
    assert checkpoint_findings(console, target)[0]["level"] == "ok"
    verified = console.manage("verify_changes", "--checkpoint", str(target))
    assert verified.returncode == 0, verified.stderr
    export = tmp_path / "export.jsonl"
    export.write_text(console.manage("export_changes", "--organization", "globex").stdout)
    verified = console.manage("verify_changes", "--file", str(export), "--checkpoint", str(target))
    assert verified.returncode == 0, verified.stderr

    for wrong, message in (
        (tmp_path / "missing" / "checkpoints.txt", "No such file or directory"),
        (tmp_path, "Is a directory"),
        ("/dev/full", "No space left on device"),
    ):
        [finding] = checkpoint_findings(console, wrong)
        assert finding["level"] == "error"
        assert message in finding["message"]


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.arrived, server.status = [], 204
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_address_gets_a_checkpoint(sqlite_console, collector):
    target = f"http://127.0.0.1:{collector.server_port}/"
    assert checkpoint_findings(sqlite_console, target)[0]["level"] == "ok"
    assert all("/orgs/" in parse_note(body.decode()).text for body in collector.arrived)
    collector.status = 403
    [finding] = checkpoint_findings(sqlite_console, target)
    assert (finding["level"], "the target answered 403" in finding["message"]) == ("error", True)
