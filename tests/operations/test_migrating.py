"""``manage.py migrate`` goes forwards only, and whatever it refuses ends with a sentence, not with a traceback."""

import os
import sqlite3
import subprocess
import sys

import psycopg
import pytest

from console.sandbox import processes
from console.sandbox.processes import ROOT
from tests.conftest import DATABASES, unavailable


@pytest.fixture(params=DATABASES)
def url(request, migrated):
    try:
        return migrated(request.param)
    except psycopg.OperationalError:
        unavailable("PostgreSQL")


@pytest.fixture
def migrate(provider, directory_server, state):
    def run(url, *words):
        env = processes.console_environment(state, provider, directory_server, database_url=url)
        command = [sys.executable, "manage.py", "migrate", *words]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    return run


def execute(url, statement):
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        rows = connection.execute(statement).fetchall()
        connection.close()
        return rows
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_no_way_leads_backwards(url, migrate):
    applied = execute(url, "SELECT app, name FROM django_migrations ORDER BY 1, 2")
    for words in (("changes", "zero"), ("changes", "0001"), ("tasks", "0001"), ("auth", "zero"), ("changes", "0002", "--fake")):  # fmt: skip
        done = migrate(url, *words)
        assert done.returncode == 1, words
        assert "The schema is not migrated backwards" in done.stderr
        assert "“Roll back”" in done.stderr
        assert "Traceback" not in done.stderr
    assert execute(url, "SELECT app, name FROM django_migrations ORDER BY 1, 2") == applied
    assert migrate(url).returncode == 0


def test_a_history_that_is_not_ours_is_named(url, migrate):
    execute(url, "DELETE FROM django_migrations WHERE app = 'changes' AND name = '0001_initial'")
    done = migrate(url)
    assert done.returncode == 1
    assert "changes.0001_initial" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_database_refuses_is_named(two_roles, migrate):
    two_roles.as_superuser(
        "DELETE FROM django_migrations WHERE app = 'preferences'", "DROP TABLE preferences_savedview CASCADE", database=two_roles.database
    )  # fmt: skip
    for address, message in (
        (two_roles.serving_url, "permission denied"),
        (two_roles.url("nobody_of_that_name", "x"), "nobody_of_that_name"),
        (two_roles.owner_url.replace(f":{two_roles.port}/", ":1/"), "refused"),
        ("sqlite:////nowhere/console.sqlite3", "unable to open database file"),
        (f"sqlite:///{os.devnull}/x", "unable to open database file"),
    ):
        done = migrate(address)
        assert done.returncode == 1, address
        assert message in done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert ("as the role that owns the tables" in done.stderr) == address.startswith("postgres")
