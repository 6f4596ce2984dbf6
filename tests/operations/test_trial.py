"""An operator's trial, from an empty machine to the next release and back, with the shipped files and the guide's steps.

Fresh roles, install from the lock, migrate, rights, check, doctor, sign in, change, checkpoint, dump, restore, archive,
upgrade from the former release while it serves, and back to it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading

import psycopg
import pytest

from console.sandbox import processes
from console.sandbox.people import ORGANIZATIONS
from console.sandbox.processes import ROOT, Server
from tests import upgrading
from tests.conftest import unavailable
from tests.operations.roles import TwoRoles
from tests.operations.test_restoring import Operator
from tests.servers import REDIS, UNLIMITED, Browser, outcome_of, text_of

SANDBOX_ONLY = {"console.E004", "console.E005"}
"""What ``check --deploy`` rejects here: the sandbox's provider and directory have no certificates."""

_WITH_ENV = 'set -a; . "$1"; set +a; shift; exec "$@"'  # as the guide loads console.env


class Machine:
    """A machine: folders of the releases, an environment file, and what runs."""

    def __init__(self, folder, roles, provider):
        self.folder, self.roles, self.provider = folder, roles, provider
        self.python = folder / "venv" / "bin" / "python"
        self.env_file = folder / "etc" / "console.env"
        self.running = []

    def run(self, app, *words, **changed):
        """Run a command in the folder of a release, with the settings of console.env."""
        return subprocess.run(
            self._command(*words), cwd=app, env={**self._base(), **changed}, capture_output=True, text=True, timeout=120
        )

    def manage(self, app, *words, owner=False, code=0):
        # The shell reads the file; what stands before the command goes past it, as in the guide.
        url = [f"DATABASE_URL={self.roles.owner_url}"] if owner else []
        done = self.run(app, "env", *url, str(self.python), "manage.py", *words)
        assert done.returncode == code, f"{words}\n{done.stdout}{done.stderr}"
        return done

    def serve(self, app):
        """Start the console of a release as console.service does."""
        port = processes.free_port()
        url = f"http://127.0.0.1:{port}"
        self.provider.control(allow=url)
        gunicorn = str(self.python.parent / "gunicorn")
        command = self._command(
            "env", f"CONSOLE_BIND=127.0.0.1:{port}", gunicorn, "--config", "console/deploy/gunicorn.conf.py"
        )
        with (self.folder / "console.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=app, env=self._base(), stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(Server("console", url, process))
        processes._wait(self.running[-1], "/healthz")
        return self.running[-1]

    def stop(self):
        for server in self.running:
            server.stop()

    def _command(self, *words):
        return ["sh", "-c", _WITH_ENV, "sh", str(self.env_file), *words]

    def _base(self):
        return {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG") or name.startswith("PIP_")
        }


@pytest.fixture
def machine(tmp_path, provider):
    try:
        roles = TwoRoles()
    except psycopg.OperationalError:
        unavailable("PostgreSQL")
    found = Machine(tmp_path, roles, provider)
    yield found
    found.stop()
    roles.drop()


def install(machine, app):
    """Packages, as the guide's second step says."""
    subprocess.run([sys.executable, "-m", "venv", str(machine.folder / "venv")], check=True)
    command = [
        str(machine.python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    done = subprocess.run([*command, "-r", "console/deploy/requirements.lock"], cwd=app, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def configure(machine, app, state, provider, directory_server):
    """The environment file: the example, filled in, with fresh keys."""
    etc = machine.env_file.parent
    etc.mkdir()
    (etc / "organizations.json").write_text(json.dumps(ORGANIZATIONS))
    values = {
        "ALLOWED_HOSTS": "127.0.0.1",
        "TRUSTED_PROXY_COUNT": "0",
        "DATABASE_URL": machine.roles.serving_url,
        "CACHE_URL": REDIS,
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_SECRET": processes.read_keys(state)["OIDC_CLIENT_SECRET"],
        "DIRECTORY_API_URL": directory_server.url,
        "CONSOLE_ORGANIZATIONS": str(etc / "organizations.json"),
        "WEB_CONCURRENCY": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(machine.folder / "metrics"),
        "AUDIT_CHECKPOINT_TARGET": str(machine.folder / "checkpoints.txt"),
    }
    example = (app / "console" / "deploy" / "console.env").read_text()
    for name, value in values.items():
        example, count = re.subn(rf"^{name}=.*$", f"{name}={value}", example, flags=re.MULTILINE)
        assert count == 1, name
    machine.env_file.write_text(example + "".join(f"{name}={value}\n" for name, value in UNLIMITED.items()))
    machine.env_file.chmod(0o640)
    keys = subprocess.run(
        [str(machine.python), "manage.py", "newkeys"], cwd=app, capture_output=True, text=True, check=True
    )
    with machine.env_file.open("a") as file:
        file.write(keys.stdout)


def change(browser, directory):
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = browser.post(path, {**browser.form(path), "status": "disabled"})
    assert outcome_of(page) == "applied", text_of(page)


class Load(threading.Thread):
    """An administrator who makes one change after the other, wherever the load balancer sends them."""

    def __init__(self, browser, directory):
        super().__init__(daemon=True)
        self.browser, self.directory = browser, directory
        self.done, self.failures = 0, []
        self.step, self.ends = threading.Condition(), threading.Event()

    def run(self):
        while not self.ends.is_set():
            try:
                change(self.browser, self.directory)
            except Exception as failure:
                self.failures.append(failure)
                self.ends.set()
            with self.step:
                self.done += 1
                self.step.notify_all()

    def next_changes(self, number=2):
        """Wait until so many more were made."""
        with self.step:
            until = self.done + number
            assert self.step.wait_for(lambda: self.done >= until or self.ends.is_set(), timeout=60)
        assert self.failures == []

    def move_to(self, server):
        """What a load balancer does: the next request goes to another process; the session is the same."""
        self.browser.url = server.url
        self.next_changes()

    def end(self):
        self.ends.set()
        self.join(60)
        assert self.failures == []


def newest_tree(folder):
    """Write the files of the working tree into the folder, and return it."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.split("\0"):
        if name and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def assert_healthy(machine, app):
    """Only the sandbox's own lack of certificates is reported."""
    checked = machine.manage(app, "check", "--deploy", code=1).stderr
    errors = checked.split("WARNINGS:")[0]
    assert set(re.findall(r"console\.E\d+", errors)) == SANDBOX_ONLY, checked
    told = json.loads(
        machine.manage(
            app, "doctor", "--json", "--url", machine.running[-1].url if machine.running else "http://127.0.0.1", code=1
        ).stdout
    )
    wrong = [
        one for one in told["findings"] if one["level"] == "error" and one["check"] not in ("settings", "redirect URI")
    ]
    assert wrong == []


def verify(machine, app, *words):
    assert machine.manage(app, "verify_changes", *words).stdout.startswith("Verified ")


@pytest.mark.long
def test_an_operators_trial(machine, state, provider, directory_server, directory, tmp_path):
    former = upgrading.former_tree(tmp_path / "former")
    install(machine, former)
    configure(machine, former, state, provider, directory_server)
    machine.manage(former, "migrate", owner=True)
    assert machine.roles.set_rights().returncode == 0
    machine.manage(former, "collectstatic", "--no-input")
    assert_healthy(machine, former)

    first = machine.serve(former)
    ada = Browser(first.url)
    ada.sign_in("ada")
    for _ in range(2):
        change(ada, directory)
    machine.manage(former, "checkpoint", "--emit")
    verify(machine, former, "--checkpoint", str(tmp_path / "checkpoints.txt"))

    operator = Operator(machine.roles, tmp_path)
    [dump] = operator.commands("pg_dump")
    assert operator.run(dump).returncode == 0
    restored = operator.restore()
    done = machine.run(former, "env", f"DATABASE_URL={restored}", str(machine.python), "manage.py", "verify_changes")
    assert done.returncode == 0, done.stderr

    archive = tmp_path / "archive"
    archive.mkdir()
    machine.manage(
        former, "archive_changes", "--organization", "acme", "--through", "2", "--folder", str(archive), owner=True
    )
    assert {path.name.split(".", 1)[1] for path in archive.iterdir()} == {"jsonl", "checkpoint.txt", "end.json"}
    verify(machine, former)

    load = Load(ada, directory)
    load.start()
    load.next_changes()
    newest = newest_tree(tmp_path / "newest")
    if (newest / "console/deploy/requirements.lock").read_bytes() != (
        former / "console/deploy/requirements.lock"
    ).read_bytes():
        install(machine, newest)
    machine.manage(newest, "migrate", owner=True)
    load.next_changes()  # the former release on the newest schema
    assert machine.roles.set_rights().returncode == 0
    machine.manage(newest, "collectstatic", "--no-input")
    second = machine.serve(newest)
    load.move_to(second)
    first.stop()
    load.next_changes()
    assert_healthy(machine, newest)

    third = machine.serve(former)  # back to it: only its files
    load.move_to(third)
    second.stop()
    load.next_changes()
    load.end()
    verify(machine, newest, "--checkpoint", str(tmp_path / "checkpoints.txt"))
