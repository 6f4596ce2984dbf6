"""Real workers on real databases: killed, stopped, absent, and several at once. The work is emitting checkpoints."""

import contextlib
import http.server
import json
import threading
from collections import Counter

import psycopg
import pytest
import requests

from tests.appending import Appenders
from tests.conftest import DATABASES
from tests.faults.fleet import wait_until


class Target(http.server.ThreadingHTTPServer):
    """Takes checkpoints, and answers them once it ``is_open``."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived, self.taken = [], []
        self.is_open = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/checkpoints"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        note = self.rfile.read(int(self.headers["Content-Length"])).decode()
        size = int(note.splitlines()[1])
        self.server.arrived.append(size)
        self.server.is_open.wait(60)
        self.send_response(204)
        self.end_headers()
        self.server.taken.append(size)

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the worker that sent it was killed
            super().handle()

    def log_message(self, *_):
        pass


@pytest.fixture
def target():
    server = Target()
    yield server
    server.is_open.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def append():
    """Append changes, two events each, to a console's log."""

    def go(console, count=1, writers=1):
        appenders = Appenders(console, writers)
        appenders.do("append", count)
        appenders.stop()

    return go


def shell(console, code):
    done = console.manage("shell", "--no-imports", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def checkpoints(console):
    """The sizes of the checkpoints in the database, and how many were not delivered."""
    code = (
        "import json; from accounts_ui.changes.models import Checkpoint as C; "
        "rows = C.objects.order_by('size'); "
        "print(json.dumps([[c.size for c in rows], rows.filter(delivered_at=None).count()]))"
    )
    sizes, undelivered = json.loads(shell(console, code))
    return sizes, undelivered


def metric(console, name):
    lines = requests.get(f"{console.url}/metrics", timeout=20).text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def doctor(console):
    """Return level and message of what ``doctor`` finds about the worker."""
    findings = json.loads(console.manage("doctor", "--json").stdout)["findings"]
    return [(finding["level"], finding["message"]) for finding in findings if finding["check"] == "worker"]


@pytest.mark.parametrize("database", DATABASES)
def test_work_of_a_killed_worker_goes_on(start_console, start_worker, append, target, database):
    settings = {"AUDIT_CHECKPOINT_EVENTS": "2", "AUDIT_CHECKPOINT_TARGET": target.url, "TASKS_LEASE_SECONDS": "2"}
    console = start_console(database, **settings)
    first = start_worker(console)
    append(console)
    wait_until(lambda: target.arrived == [2], "the first worker is delivering")
    first.process.kill()
    first.process.wait()
    target.is_open.set()
    start_worker(console)
    wait_until(lambda: Counter(target.arrived)[2] == 2, "the second worker delivers it")
    wait_until(lambda: checkpoints(console) == ([2], 0), "one checkpoint, delivered")
    wait_until(lambda: metric(console, "console_work_lag_seconds") == 0, "the work is finished")


@pytest.mark.parametrize("database", DATABASES)
def test_several_workers_emit_each_checkpoint_once(start_console, start_worker, append, database):
    console = start_console(database, AUDIT_CHECKPOINT_EVENTS="2")
    for _ in range(3):
        start_worker(console)
    wait_until(lambda: metric(console, "console_workers") == 3, "three workers report")
    for _ in range(3):
        append(console, count=2, writers=2)
    wait_until(lambda: checkpoints(console)[0][-1] >= 23, "less than two of the 24 events are not covered")
    wait_until(lambda: logged(console)[-1] == checkpoints(console)[0][-1], "the last one is logged")
    assert sorted(logged(console)) == checkpoints(console)[0], "each is logged once"


def logged(console):
    """The sizes of the checkpoints that the workers logged."""
    return [json.loads(line)["size"] for line in console.log().splitlines() if _is_checkpoint(line)]


def _is_checkpoint(line):
    return line.startswith('{"organization_id"') and '"evidence"' not in line


def test_a_worker_that_is_asked_to_stop_finishes_its_work(start_console, start_worker, append, target):
    console = start_console("sqlite", AUDIT_CHECKPOINT_EVENTS="2", AUDIT_CHECKPOINT_TARGET=target.url)
    worker = start_worker(console)
    append(console)
    wait_until(lambda: target.arrived == [2], "the worker is delivering")
    worker.process.terminate()
    wait_until(lambda: metric(console, "console_work_lag_seconds") > 0, "it still holds the work")
    target.is_open.set()
    assert worker.process.wait(30) == 0
    assert checkpoints(console) == ([2], 0)
    assert metric(console, "console_workers") == 0, "it has signed off"
    assert target.taken == [2], "once"


@pytest.mark.parametrize("database", DATABASES)
def test_work_that_nobody_could_request_is_found_in_the_log(start_console, start_worker, append, database):
    console = start_console(database, AUDIT_CHECKPOINT_EVENTS="2")
    append(console)
    code = "from accounts_ui.tasks.models import WorkItem; print(WorkItem.objects.all().delete()[0])"
    assert shell(console, code) == "2", "what was requested is lost: a checkpoint and an update of the index"
    start_worker(console)
    wait_until(lambda: checkpoints(console)[0] == [2], "the log itself says what is due")


def test_an_absent_worker_is_visible(start_console, start_worker, append):
    console = start_console("postgresql", AUDIT_CHECKPOINT_EVENTS="2")
    assert doctor(console) == [("warning", "no background worker runs")]
    assert "console.W026" in console.manage("check", "--deploy").stderr
    append(console)
    assert checkpoints(console)[0] == [], "only a worker emits"
    assert metric(console, "console_work_lag_seconds") > 0
    assert metric(console, "console_workers") == metric(console, "console_worker_heartbeat_timestamp_seconds") == 0
    code = (
        "import datetime; from accounts_ui.tasks.models import WorkItem; from console import clock; "
        "print(WorkItem.objects.update(due_at=clock.now() - datetime.timedelta(minutes=10)))"
    )
    assert shell(console, code) == "2"
    [(level, message)] = doctor(console)
    assert level == "error"
    assert "no background worker runs, and work has waited for 10 minutes" in message
    assert "console.E026" in console.manage("check", "--deploy").stderr
    assert requests.get(f"{console.url}/readyz", timeout=20).status_code == 200, "pages are served as before"

    start_worker(console)
    wait_until(lambda: metric(console, "console_workers") == 1, "a worker reports")
    wait_until(lambda: checkpoints(console)[0] == [2], "it emits what was due")
    wait_until(lambda: doctor(console) == [("ok", "1 running, and no work waits")], "all is well")
    assert metric(console, "console_worker_heartbeat_timestamp_seconds") > 0


def test_the_engines_tables_are_those_of_the_installed_release(migrated):
    """Migration 0002 has them frozen: a release of huey that wants others is noticed here."""
    from huey.storage import PostgresStorage

    url = migrated("postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in PostgresStorage(dsn=url, table_prefix="expected", create_tables=False).ddl:
            connection.execute(statement)
        assert _tables(connection, "tasks_engine") == _tables(connection, "expected") != []


def _tables(connection, prefix):
    columns = connection.execute(
        "SELECT substr(table_name, %s), column_name, data_type, is_nullable, replace(column_default, %s, '') "
        "FROM information_schema.columns WHERE table_name LIKE %s ORDER BY 1, 2",
        [len(prefix) + 2, prefix, f"{prefix}\\_%"],
    )
    indexes = connection.execute(
        "SELECT replace(indexdef, %s, '') FROM pg_indexes WHERE tablename LIKE %s ORDER BY 1", [prefix, f"{prefix}\\_%"]
    )
    return [*columns.fetchall(), *indexes.fetchall()]
