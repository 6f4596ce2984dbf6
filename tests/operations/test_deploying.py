"""The files for deployments: they are valid and name existing things, and the two database roles have the right privileges."""

import os
import re
import subprocess
import sys

import psycopg
import pytest

from console.runtime import graceful_stop
from console.sandbox.processes import ROOT
from tests import proxies, servers
from tests.faults.fleet import wait_until

FOLDER = ROOT / "console" / "deploy"
DOCS = ROOT / "console" / "docs"
GUIDE = (DOCS / "deploying.md").read_text()


def test_the_guide_and_the_files_name_each_other():
    listed = set(re.findall(r"^\| (.+?) \|", GUIDE, re.MULTILINE))
    listed = {name for cell in listed for name in re.findall(r"`([\w.@-]+)`", cell)}
    files = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert files - {"gunicorn.conf.py"} <= listed, "the table of deploying.md has them all"
    assert "gunicorn.conf.py" in GUIDE
    for path in re.findall(r"console/deploy/[\w./-]+\w(?![\w*])", GUIDE + (FOLDER / "Containerfile").read_text()):
        assert (ROOT / path).exists(), path
    units = (FOLDER / "console-tasks.service").read_text()
    commands = set(re.findall(r"manage\.py (\w+)", GUIDE + units))
    known = subprocess.run(
        [sys.executable, "manage.py", "help", "--commands"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "console.settings", **example()},
    )
    assert commands <= set(known.stdout.split()), known.stderr


def example():
    """Return the example environment, filled in as its comments and the guide say."""
    lines = (FOLDER / "console.env").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    keys = subprocess.run(
        [sys.executable, "manage.py", "newkeys"], cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )  # fmt: skip
    found |= dict(line.split("=", 1) for line in keys.stdout.splitlines())
    del found["PROMETHEUS_MULTIPROC_DIR"]  # empty, it would mean the folder in which the tests run
    return {**found, "OIDC_CLIENT_SECRET": "from-the-provider-0123456789"} | {
        "CONSOLE_ORGANIZATIONS": str(FOLDER / "organizations.json")
    }


def test_the_example_environment_has_documented_settings_only():
    settings = set(re.findall(r"`([A-Z_]+)`", (DOCS / "settings.md").read_text()))
    assert set(example()) <= settings


def test_gunicorn_accepts_its_configuration(tmp_path):
    env = {
        **os.environ,
        **example(),
        "DATABASE_URL": "sqlite:///:memory:",
        "CACHE_URL": "locmemcache://x",
        "DIRECTORY_TIMEOUT": "30",
    }
    config = str(FOLDER / "gunicorn.conf.py")
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", config, "--print-config"], cwd=ROOT, env=env, capture_output=True, text=True
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert re.search(r"^timeout += 170$", result.stdout, re.MULTILINE), "longer than four calls of the directory"
    assert re.search(r"^graceful_timeout += 150$", result.stdout, re.MULTILINE)


def test_proxies_and_systemd_wait_long_enough():
    """The proxies wait longer than a request may take, and systemd longer than both."""
    longest = graceful_stop.longest_request_seconds(10)  # the default of DIRECTORY_TIMEOUT
    told = {
        "nginx.conf": r"proxy_read_timeout (\d+)s",
        "Caddyfile": r"response_header_timeout (\d+)s",
        "haproxy.cfg": r"timeout server (\d+)s",
    }
    for name, pattern in told.items():
        assert [int(one) for one in re.findall(pattern, (FOLDER / name).read_text())] == [
            graceful_stop.PROXY_SECONDS
        ], name
    unit = (FOLDER / "console.service").read_text()
    [stop], [drain] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE), re.findall(r"&& sleep (\d+)'", unit)
    assert int(stop) == graceful_stop.STOP_SECONDS
    tasks = (FOLDER / "console-tasks.service").read_text()
    assert f"\nTimeoutStopSec={graceful_stop.STOP_SECONDS}\n" in tasks, "work may take as long as a request"
    assert int(drain) + longest < graceful_stop.PROXY_SECONDS < graceful_stop.STOP_SECONDS
    checks = re.search(r"check inter (\d+)s .*fall (\d+)", (FOLDER / "haproxy.cfg").read_text())
    assert int(drain) > int(checks[1]) * int(checks[2]), "a balancer has noticed by then"


UNITS = (
    "console.service",
    "console-tasks.service",
    "console-daily@.service",
    "console-daily.target",
    "console-daily.timer",
)
VALIDATORS = {
    "systemd-analyze": ["verify"],
    "nginx": ["-t", "-q", "-c"],
    "caddy": ["validate", "--adapter", "caddyfile", "--config"],
    "haproxy": ["-c", "-q", "-f"],
}


@pytest.mark.parametrize("tool", VALIDATORS)
def test_tools_accept_the_files(tool, tmp_path):
    result = subprocess.run(
        [proxies.program(tool), *VALIDATORS[tool], *globals()[f"for_{tool.split('-')[0]}"](tmp_path)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "Unknown" not in result.stderr, result.stderr


def for_systemd(folder):
    for name in UNITS:
        text = (FOLDER / name).read_text().replace("/opt/console/venv/bin/gunicorn", sys.executable)
        (folder / name).write_text(text.replace("/opt/console/venv/bin/python", sys.executable))
    return [str(folder / name.replace("@", "@checkpoint")) for name in UNITS]


def for_nginx(folder):
    proxies.certificate(folder)
    return [str(proxies.nginx(folder, proxies.shipped("nginx.conf").replace("/etc/ssl/console", str(folder))))]


def for_caddy(_folder):
    return [str(FOLDER / "Caddyfile")]


def for_haproxy(folder):
    proxies.certificate(folder)
    text = proxies.shipped("haproxy.cfg").replace("/etc/haproxy/console-ca.pem", str(folder / "fullchain.pem"))
    text = text.replace("/etc/haproxy/console.pem", str(folder / "both.pem")).replace("/run/haproxy", str(folder))
    (folder / "haproxy.cfg").write_text(text.replace("bind :", "bind 127.0.0.1:1"))
    return [str(folder / "haproxy.cfg")]


REFUSED = [
    "UPDATE changes_event SET message = 'x'",
    "DELETE FROM changes_event",
    "TRUNCATE changes_event",
    "DELETE FROM changes_change",
    "DELETE FROM changes_checkpoint",
    "DELETE FROM changes_loghead",
    "INSERT INTO changes_archivedevent SELECT * FROM changes_event",
    "INSERT INTO changes_archive SELECT * FROM changes_archive",
    "ALTER TABLE changes_archivedevent DETACH PARTITION changes_event",
    "DROP TRIGGER changes_event_kept ON changes_event",
    "ALTER TABLE changes_event DISABLE TRIGGER changes_event_fixed",
    "CREATE OR REPLACE FUNCTION changes_event_fixed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "SET session_replication_role = replica",
    "CREATE TEMPORARY TABLE changes_event (sequence bigint)",
    "CREATE TABLE changes_event_too (sequence bigint)",
]


def test_the_serving_role_cannot_rewrite_the_log(two_roles, start_console, sign_in, directory):
    console = start_console("postgresql", DATABASE_URL=two_roles.serving_url)
    ada = sign_in(console, "ada")
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert servers.outcome_of(page) == "applied", servers.text_of(page)
    assert console.manage("checkpoint", "--emit").returncode == 0
    with psycopg.connect(two_roles.serving_url, autocommit=True) as serving:
        for statement in REFUSED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                serving.execute(statement)
    assert "Verified 2 events of acme" in console.manage("verify_changes").stdout
    told = console.manage("doctor").stdout
    assert "✓ log           the triggers" in told
    assert re.search(r"✓ .*the database has connections for \d+ replicas of 9\n", told), told


def test_the_serving_role_may_do_background_work(two_roles, start_console, start_worker, sign_in, directory):
    """It may create no tables, so those of the task engine come from a migration."""
    console = start_console("postgresql", DATABASE_URL=two_roles.serving_url, AUDIT_CHECKPOINT_EVENTS="2")
    start_worker(console)
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    ada = sign_in(console, "ada")
    ada.post(path, {**ada.form(path), "status": "disabled"})
    wait_until(lambda: '{"organization_id":"acme","size":2' in console.log(), "the worker emits a checkpoint")
    assert "woken" not in console.log(), "web processes may send messages"
    assert "Error reading from queue" not in console.log(), "the worker may receive them"


def test_the_whole_log_is_exported_in_parts_that_verify_together(sqlite_console, sign_in, directory, tmp_path):
    ada = sign_in(sqlite_console, "ada")
    for org in ("acme", "globex"):
        path = f"/orgs/{org}/accounts/{directory.person('worker', org=org)}/worker/status/"
        ada.post(path, {**ada.form(path), "status": "disabled"})
    export = ("export_changes", "--organization=acme")
    whole = sqlite_console.manage(*export).stdout
    middle = str(whole.count("\n") - 1)
    parts = [sqlite_console.manage(*export, *args).stdout for args in (["--to", middle], ["--after", middle])]
    assert "".join(parts) == whole
    assert set(re.findall(r'"organization_id":"\w+"', whole)) == {'"organization_id":"acme"'}
    (tmp_path / "log.jsonl").write_text(whole)
    (tmp_path / "checkpoint.txt").write_text(sqlite_console.manage("checkpoint", "--organization=acme").stdout)
    verify = (
        "verify_changes",
        "--file",
        str(tmp_path / "log.jsonl"),
        "--checkpoint",
        str(tmp_path / "checkpoint.txt"),
    )
    assert sqlite_console.manage(*verify).returncode == 0
    (tmp_path / "log.jsonl").write_text(parts[0])
    assert "the end of the log was cut off" in sqlite_console.manage(*verify).stderr


def test_gunicorn_names_a_variable_that_it_cannot_use():
    wrong = {
        "CONSOLE_BIND": "[::1]:99999",
        "DIRECTORY_TIMEOUT": "soon",
        "CONSOLE_TLS_KEY": "/nowhere/tls.key",
        "PROMETHEUS_MULTIPROC_DIR": "/etc/hostname/metrics",
    }
    for name, value in wrong.items():
        env = {"PATH": os.environ["PATH"], name: value}
        command = [sys.executable, "-m", "gunicorn", "--config", str(FOLDER / "gunicorn.conf.py"), "--check-config"]
        result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        assert result.returncode != 0
        assert name in result.stderr
        assert "for example: " in result.stderr
        assert "Traceback" not in result.stderr
