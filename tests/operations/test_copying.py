"""``manage.py copy_database``: an installation moves from SQLite to PostgreSQL, with everything or not at all."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from console.sandbox import processes
from console.sandbox.processes import ROOT
from tests.faults.fleet import wait_until
from tests.operations.test_roles import change_status
from tests.servers import Browser

APPLICATIONS = ("signin", "preferences", "plans", "tasks.WorkItem", "account", "socialaccount", "sessions")
"""Whose rows are compared as ``dumpdata`` prints them; the log is compared by its export."""

ORGANIZATION = "acme"


@pytest.fixture(scope="module")
def original(provider, directory_server, state, start_console, migrated, tmp_path_factory):
    """A console on SQLite with some weeks of changes, a part of them archived, and somebody signed in."""
    url = migrated("sqlite")
    env = processes.console_environment(state, provider, directory_server, database_url=url)
    processes.make_history(env)
    console = start_console("sqlite", DATABASE_URL=url)
    ada = Browser(console.url)
    ada.sign_in("ada")
    assert ada.get(f"/orgs/{ORGANIZATION}/accounts/").status_code == 200
    folder = tmp_path_factory.mktemp("archive")
    done = console.manage("archive_changes", "--organization", ORGANIZATION, "--through", "12", "--folder", str(folder))
    assert "Archived: " in done.stdout, done.stdout + done.stderr
    assert console.manage("checkpoint", "--emit").returncode == 0
    return console, ada


@pytest.fixture
def path(original):
    return Path(original[0].server.env["DATABASE_URL"].removeprefix("sqlite:///"))


def copy(original, url, path):
    return original[0].manage("copy_database", "--from", str(path), env={"DATABASE_URL": url})


def rows(console, url):
    """Everything that is not of the log."""
    dumped = console.manage("dumpdata", *APPLICATIONS, env={"DATABASE_URL": url}).stdout
    return sorted(json.loads(dumped), key=lambda row: (row["model"], str(row["pk"])))


def export(console, **env):
    """The events of the log. PostgreSQL keeps the names within a JSON value in another order."""
    lines = console.manage("export_changes", "--organization", ORGANIZATION, env=env).stdout.splitlines()
    return [json.loads(line) for line in lines]


def counts(roles):
    with psycopg.connect(roles.superuser_url()) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for (table,) in tables.fetchall()
        }


def test_everything_moves_and_goes_on(original, path, make_roles, start_console, sign_in, directory):
    console, ada = original
    roles = make_roles()
    before = rows(console, console.server.env["DATABASE_URL"])
    done = copy(original, roles.owner_url, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified " in done.stdout
    assert roles.set_rights().returncode == 0

    assert {row["model"] for row in before} >= {"signin.session", "signin.user", "preferences.openedorganization"}
    assert rows(console, roles.owner_url) == before
    here = {"DATABASE_URL": roles.serving_url}
    exported = export(console)
    assert len(exported) > 12
    assert export(console, **here) == exported, "archived events too"

    moved = start_console("postgresql", **here)
    ada.url = moved.url
    page = ada.get(f"/orgs/{ORGANIZATION}/changes/", follow=False)
    assert page.status_code == 200, "the session goes on"
    change_status(sign_in, moved, directory)
    assert moved.manage("verify_changes").returncode == 0
    told = moved.manage("doctor", "--json").stdout
    assert {one["level"] for one in json.loads(told)["findings"] if one["check"] in ("database", "log")} == {"ok"}


def test_what_is_refused_changes_nothing(original, path, make_roles, tmp_path):
    roles = make_roles()
    fresh = counts(roles)
    (tmp_path / "text.sqlite3").write_text("not a database")
    sqlite3.connect(tmp_path / "empty.sqlite3").close()
    older = shutil.copy(path, tmp_path / "older.sqlite3")
    with sqlite3.connect(older) as connection:
        connection.execute("DELETE FROM django_migrations WHERE name = '0003_search_index'")
    connection.close()
    for url, file, message in (
        (roles.owner_url, tmp_path / "missing.sqlite3", "There is no file"),
        (roles.owner_url, tmp_path / "text.sqlite3", "not a database"),
        (roles.owner_url, tmp_path / "empty.sqlite3", "Run `manage.py migrate` on both databases first"),
        (roles.owner_url, older, "changes.0003_search_index"),
        (roles.serving_url, path, "permission denied"),
    ):
        done = copy(original, url, file)
        assert done.returncode == 1, file
        assert "Nothing was copied." in done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert counts(roles) == fresh
    assert not (tmp_path / "missing.sqlite3").exists()
    assert copy(original, roles.owner_url, path).returncode == 0
    full = counts(roles)
    done = copy(original, roles.owner_url, path)
    assert "already has rows" in done.stderr
    assert counts(roles) == full


def test_a_log_that_is_not_whole_is_not_taken(original, path, make_roles, tmp_path):
    """The same triggers that protect the log check each copied row, and the copy is verified."""
    for name, statement, message in (
        ("cut", "DELETE FROM changes_event WHERE sequence = (SELECT MAX(sequence) FROM changes_event)", "Nothing was copied"),
        ("gap", "DELETE FROM changes_event WHERE sequence = (SELECT MAX(sequence) - 1 FROM changes_event)", "Nothing was copied"),
        ("changed", "UPDATE changes_event SET message = 'x'", "NOT verified"),
    ):  # fmt: skip
        broken = shutil.copy(path, tmp_path / f"{name}.sqlite3")
        with sqlite3.connect(broken) as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute(statement)
        connection.close()
        done = copy(original, make_roles().owner_url, broken)
        assert done.returncode == 1, name
        assert message in done.stderr, done.stderr


def test_a_copy_that_is_killed_leaves_nothing(original, path, make_roles):
    roles = make_roles()
    fresh = counts(roles)
    env = {**original[0].server.env, "DATABASE_URL": roles.owner_url}
    command = [sys.executable, "manage.py", "copy_database", "--from", str(path)]
    with psycopg.connect(roles.superuser_url()) as other:
        other.execute("LOCK TABLE changes_archive IN ACCESS EXCLUSIVE MODE")  # the last table that is copied
        running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'changes_archive'::regclass"
        with psycopg.connect(roles.superuser_url(), autocommit=True) as observer:
            wait_until(lambda: observer.execute(waiting).fetchone()[0], "the copy waits for the lock")
        running.kill()
        running.communicate()
        other.rollback()
    wait_until(lambda: counts(roles) == fresh, "the database has rolled back")
    assert copy(original, roles.owner_url, path).returncode == 0
