"""Rolling upgrades: the former release works on the newest schema, and migrations that lock large tables are listed."""

import json
import subprocess
import sys

import psycopg
import pytest

from console.sandbox import processes
from console.sandbox.processes import ROOT
from tests.conftest import DATABASES, unavailable

NOT_ADDITIVE: dict[tuple[str, str], str] = {}
"""Migrations and models on which older code may break, with the reason: in which release the column was unused."""

LOCKING = {
    "changes.0001_initial": "Makes tables: nothing writes to them yet. One is made anew, partitioned.",
    "changes.0002_triggers": "Makes triggers, of which each takes a moment.",
    "changes.0003_search_index": "Builds an index concurrently, if the database has pg_trgm.",
}
"""Migrations that block writers, with the reason. An index on a large table has to be created concurrently instead."""


@pytest.fixture(scope="module", params=DATABASES)
def told(request, migrated, provider, directory_server, state):
    """The results of ``tests.upgrading`` on a database of the newest schema."""
    try:
        url = migrated(request.param)
    except psycopg.OperationalError:
        unavailable("PostgreSQL")
    env = processes.console_environment(state, provider, directory_server, database_url=url)
    done = subprocess.run([sys.executable, "-m", "tests.upgrading"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_former_releases_code_works_on_the_newest_schema(told):
    found = {(step, model): said for step, model, said in told["broken"]}
    assert found.keys() == NOT_ADDITIVE.keys(), found
    assert told["migrations"] >= 6, "each app of ours has one, the log has three"


def test_a_migration_that_is_not_additive_would_be_noticed(told):
    assert told["wrong"] == []
    assert told["ways"] > 20


def test_migrations_that_block_writers_have_a_reason(told):
    found = told.get("locking", dict.fromkeys(LOCKING))  # SQLite has one writer at a time anyway
    assert found.keys() == LOCKING.keys(), found
