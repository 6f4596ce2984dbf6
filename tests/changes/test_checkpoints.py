"""Checkpoints are emitted while the log grows, once each, to the logger and to the target; failing, they fail nothing."""

import http.server
import json
import threading
import time

import requests

from tests.changes.test_rotation import append


def wait_for(look):
    """What ``look`` finds, as soon as it finds something."""
    until = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)
    return found


def logged(console):
    return [
        json.loads(line)
        for line in console.log().splitlines()
        if line.startswith('{"sequence"') and "evidence" not in line
    ]


def test_after_so_many_events_to_a_file(start_console, start_worker, directory, tmp_path):
    target = tmp_path / "checkpoints.jsonl"
    console = start_console("postgresql", AUDIT_CHECKPOINT_EVENTS="2", AUDIT_CHECKPOINT_TARGET=str(target))
    start_worker(console)
    append(console, directory)
    wait_for(lambda: target.exists() and target.read_text())
    append(console, directory)
    last = wait_for(lambda: [c for c in map(json.loads, target.read_text().splitlines()) if c["sequence"] == 4])
    assert last[0] in logged(console)
    sequences = [one["sequence"] for one in logged(console)]
    assert sequences == sorted(set(sequences)), "each once"
    verified = console.manage("verify_changes", "--checkpoint", str(target))
    assert verified.returncode == 0, verified.stderr
    assert "Nothing new." in console.manage("checkpoint", "--emit").stdout


def test_after_some_time_without_a_further_event(start_console, start_worker, directory, tmp_path):
    target = tmp_path / "checkpoints.jsonl"
    console = start_console("sqlite", AUDIT_CHECKPOINT_MINUTES="0.02", AUDIT_CHECKPOINT_TARGET=str(target))
    start_worker(console)
    append(console, directory)
    wait_for(lambda: target.exists() and '"sequence":2' in target.read_text())


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Authorization"], json.loads(body)))
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
    wait_for(lambda: server.seen and server.seen[-1][1]["sequence"] >= 3)
    assert console.manage("checkpoint", "--emit").returncode == 0
    assert server.seen[0][0] == "Bearer a-token-for-checkpoints"
    assert {one["sequence"] for one in logged(console)} <= {one["sequence"] for _, one in server.seen}
    server.shutdown()
    server.server_close()
