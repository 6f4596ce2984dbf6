"""Checkpoints are emitted while the log grows, once each, to the logger and to the target; failing, they fail nothing."""

import http.server
import json
import threading
import time

import requests

from accounts_ui.changes.chain.notes import is_signed_by, parse_note, parse_tree_head, split_notes, verifier_key
from tests.changes.packs import private_key
from tests.changes.test_rotation import append


def wait_for(look):
    """What ``look`` finds, as soon as it finds something."""
    until = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)
    return found


def logged(console):
    lines = [line for line in console.log().splitlines() if line.startswith('{"organization_id"') and '"note"' in line]
    return [json.loads(line) for line in lines]


def sizes(text):
    return [parse_tree_head(parse_note(note).text).size for note in split_notes(text)]


def test_after_so_many_events_to_a_file(start_console, start_worker, directory, tmp_path):
    target = tmp_path / "checkpoints.txt"
    console = start_console("postgresql", AUDIT_CHECKPOINT_EVENTS="2", AUDIT_CHECKPOINT_TARGET=str(target))
    start_worker(console)
    append(console, directory)
    wait_for(lambda: target.exists() and target.read_text())
    append(console, directory)
    wait_for(lambda: 4 in sizes(target.read_text()))
    stored = logged(console)
    assert [one["note"] for one in stored] == split_notes(target.read_text())
    assert [one["size"] for one in stored] == sorted({one["size"] for one in stored}), "each once"
    assert stored[-1]["note"].startswith("sandbox.example/orgs/acme\n4\n")
    verified = console.manage("verify_changes", "--checkpoint", str(target))
    assert verified.returncode == 0, verified.stderr
    assert "Nothing new." in console.manage("checkpoint", "--emit").stdout


def test_each_log_has_checkpoints_of_its_own(start_console, directory, tmp_path):
    """They verify with any program for notes, and one command prints or keeps them for all logs, or for one."""
    console = start_console("sqlite")
    for org in ("acme", "globex", "acme"):
        append(console, directory, org)
    printed = console.manage("checkpoint").stdout
    key = private_key(console.server.env["AUDIT_SIGNING_KEY"]).public_key()
    for note, size, org in zip(split_notes(printed), (4, 2), ("acme", "globex"), strict=True):
        name = f"sandbox.example/orgs/{org}"
        assert is_signed_by(parse_note(note), name, key)
        head = parse_tree_head(parse_note(note).text)
        assert (head.origin, head.size) == (name, size)
        told = console.manage("checkpoint", "--verifier-key", f"--organization={org}").stdout.strip()
        assert told == verifier_key(name, key)
    assert sizes(console.manage("checkpoint", "--organization=globex").stdout) == [2]
    assert "There is no log of nobody." in console.manage("checkpoint", "--organization=nobody").stderr
    kept = tmp_path / "kept.txt"
    kept.write_text(printed)
    assert console.manage("verify_changes", "--checkpoint", str(kept)).returncode == 0
    assert console.manage("verify_changes", "--checkpoint", str(kept), "--organization=acme").returncode == 0
    kept.write_text(printed.replace("/globex", "/initech"))
    assert "There is no log of this checkpoint" in console.manage("verify_changes", "--checkpoint", str(kept)).stderr


def test_after_some_time_without_a_further_event(start_console, start_worker, directory, tmp_path):
    target = tmp_path / "checkpoints.txt"
    console = start_console("sqlite", AUDIT_CHECKPOINT_MINUTES="0.02", AUDIT_CHECKPOINT_TARGET=str(target))
    start_worker(console)
    append(console, directory)
    wait_for(lambda: target.exists() and 2 in sizes(target.read_text()))


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Authorization"], *sizes(body.decode())))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_target_that_fails_gets_it_with_the_next(start_console, start_worker, directory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.seen, server.status = [], 503
    threading.Thread(target=server.serve_forever, daemon=True).start()
    console = start_console(
        "sqlite",
        AUDIT_CHECKPOINT_EVENTS="2",
        AUDIT_CHECKPOINT_TARGET=f"http://127.0.0.1:{server.server_port}/take",
        AUDIT_CHECKPOINT_TOKEN="a-token-for-checkpoints",
    )
    start_worker(console)
    append(console, directory)
    wait_for(lambda: "was NOT delivered: the target answered 503." in console.log())
    metrics = requests.get(f"{console.url}/metrics", timeout=20).text
    assert 'audit_checkpoints_total{result="failed"}' in metrics
    refused = console.manage("checkpoint", "--emit")
    assert refused.returncode == 1
    assert "was not delivered" in refused.stderr
    server.status = 204
    server.seen.clear()
    append(console, directory)
    wait_for(lambda: server.seen and server.seen[-1][1] >= 3)
    assert console.manage("checkpoint", "--emit").returncode == 0
    assert server.seen[0][0] == "Bearer a-token-for-checkpoints"
    assert {one["size"] for one in logged(console)} <= {size for _, size in server.seen}
    server.shutdown()
    server.server_close()
