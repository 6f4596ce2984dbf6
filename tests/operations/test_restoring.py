"""Backups, with the guide's own commands: made and restored by the owner, verified, and served by the other role."""

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from console.sandbox.processes import ROOT
from tests.changes.test_rotation import append
from tests.proxies import program

GUIDE = (ROOT / "console" / "docs" / "operating.md").read_text()
SECTION = GUIDE.split("## Back up and restore\n")[1].split("\n## ")[0]


class Operator:
    """Runs the guide's commands in a folder."""

    def __init__(self, roles, folder):
        self.roles, self.folder = roles, folder
        self.env = {"OWNER_URL": roles.owner_url, "RESTORED_URL": roles.url(roles.owning, "owning", "restored")}

    def commands(self, name):
        """The guide's commands that run a program."""
        program(name)
        found = re.findall(rf"^{name} .+$", SECTION, re.MULTILINE)
        assert found, name
        return found

    def run(self, command, **env):
        env = {"PATH": "/usr/sbin:/usr/bin:/bin", **self.env, **env}
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=env, capture_output=True, text=True)

    def back_up(self, console, **env):
        [command] = self.commands("pg_dump")
        done = self.run(command, **env)
        (self.folder / "checkpoint.txt").write_text(console.manage("checkpoint").stdout)
        return done

    def restore(self):
        """Restore into a new database. Return its address for the role that serves."""
        database = f"{self.roles.database}_restored{len(self.roles.more_databases)}"
        assert "createdb --owner console_owner console_restored\n" in SECTION
        self.roles.as_superuser(f"CREATE DATABASE {database} OWNER {self.roles.owning}")
        self.roles.more_databases.append(database)
        self.env["RESTORED_URL"] = self.roles.url(self.roles.owning, "owning", database)
        [restore], [rights] = self.commands("pg_restore"), self.commands("psql")
        names = f"--set serving={self.roles.serving} --set owning={self.roles.owning}"
        for command in (restore, f"{rights.replace('console/deploy', str(ROOT / 'console' / 'deploy'))} {names}"):
            done = self.run(command)
            assert done.returncode == 0, done.stderr
        return self.roles.url(self.roles.serving, "serving", database)


@pytest.fixture
def operator(two_roles, tmp_path):
    return Operator(two_roles, tmp_path)


def test_dump_and_restore_by_the_owner(operator, two_roles, start_console, directory, tmp_path):
    console = start_console("postgresql", DATABASE_URL=two_roles.serving_url)
    for _ in range(2):
        append(console, directory)
    archived = console.manage(
        "archive_changes",
        "--organization",
        "acme",
        "--through",
        "2",
        "--folder",
        str(tmp_path),
        env={"DATABASE_URL": two_roles.owner_url},
    )
    assert "Archived: events 1 to 2" in archived.stdout, archived.stdout + archived.stderr
    assert "permission denied" in operator.back_up(console, OWNER_URL=two_roles.serving_url).stderr, "the serving role"
    done = operator.back_up(console)
    assert done.returncode == 0, done.stderr

    restored = start_console("postgresql", DATABASE_URL=operator.restore())
    verify = ("verify_changes", "--checkpoint", str(tmp_path / "checkpoint.txt"))
    verified = restored.manage(*verify)
    assert verified.returncode == 0, verified.stderr
    assert "✓ database      the role" in restored.manage("doctor", "--no-color").stdout
    append(restored, directory)
    assert restored.manage(*verify).returncode == 0

    append(console, directory)
    (tmp_path / "checkpoint.txt").write_text(console.manage("checkpoint").stdout)
    lost = console.manage(*verify, env={"DATABASE_URL": operator.restore()})
    assert lost.returncode == 1, "an old backup lacks what came later"


def test_an_sqlite_database_is_copied_while_it_serves(start_console, directory, tmp_path):
    assert "sqlite3 console.sqlite3 '.backup console.backup.sqlite3'" in SECTION
    console = start_console("sqlite")
    append(console, directory)
    path = Path(console.server.env["DATABASE_URL"].removeprefix("sqlite:///"))
    copy = tmp_path / "console.backup.sqlite3"
    source, target = sqlite3.connect(path), sqlite3.connect(copy)
    source.backup(target)  # what .backup does
    source.close()
    target.close()
    append(console, directory)
    newer = console.manage("verify_changes").stdout

    console.server.stop()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(copy, path)
    older = console.manage("verify_changes")
    assert older.returncode == 0, older.stderr
    assert older.stdout != newer
