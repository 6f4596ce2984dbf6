"""Rolling upgrades: the former release works on the newest schema, and migrations that lock large tables are listed."""

import json
import subprocess
import sys

import psycopg
import pytest

from console.sandbox import processes
from console.sandbox.processes import ROOT
from tests import upgrading
from tests.conftest import DATABASES, unavailable

NOT_ADDITIVE: dict[tuple[str, str], str] = {}
"""Migrations and models on which older code may break, with the reason: in which release the column was unused."""

LOCKING = {
    "changes.0001_initial": "Creates tables, which nothing uses yet, and partitions one.",
    "changes.0002_triggers": "Creates triggers, each of which takes a moment.",
    "changes.0003_search_index": "Creates an index concurrently, if the database has pg_trgm.",
    "tasks.0002_engine_tables": "Creates tables of the engine, which nothing uses yet.",
}
"""Migrations that block writers, with the reason. An index on a large table has to be created concurrently instead."""


@pytest.fixture(scope="module", params=DATABASES)
def newest(request, migrated, provider, directory_server, state):
    """The environment of a console whose database has the newest schema."""
    try:
        url = migrated(request.param)
    except psycopg.OperationalError:
        unavailable("PostgreSQL")
    return processes.console_environment(state, provider, directory_server, database_url=url)


def run(folder, env, *command, text=""):
    """The output of a Python command in a folder, whose modules it imports."""
    env = {**env, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=env, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(newest):
    """The results of ``tests.upgrading`` on a database of the newest schema."""
    return json.loads(run(ROOT, newest, "-m", "tests.upgrading"))


@pytest.fixture(scope="module")
def former(tmp_path_factory):
    """The source of the former release."""
    return upgrading.former_tree(tmp_path_factory.mktemp("former"))


def test_models_as_of_each_migration_work_on_the_newest_schema(results):
    failures = {(step, model): error for step, model, error in results["broken"]}
    assert failures.keys() == NOT_ADDITIVE.keys(), failures
    assert results["migrations"] >= 8, "each app of ours has one, the log has three"


def test_the_former_releases_code_works_on_the_newest_schema(newest, former):
    found = json.loads(run(former, newest, str(ROOT / "tests" / "upgrading.py"), "--models"))
    assert found["broken"] == []
    assert found["models"] >= 15


def test_the_newest_release_verifies_what_the_former_one_appends(newest, former):
    names = run(former, newest, "-m", "tests.appending", "1", text="append 3 1\n").split()[1:]
    assert len(names) == 3
    assert "Verified 6 events of acme, to sequence 6" in run(ROOT, newest, "manage.py", "verify_changes")


def test_migrations_of_the_former_release_are_not_edited(former):
    before = {path.relative_to(former): path.read_text() for path in former.glob("*/*/migrations/0*.py")}
    assert len(before) >= 8
    assert before == {path: (ROOT / path).read_text() for path in before}


def test_a_migration_that_is_not_additive_would_be_noticed(results):
    assert results["wrong"] == []
    assert results["ways"] > 20


def test_migrations_that_block_writers_have_a_reason(results):
    found = results.get("locking", dict.fromkeys(LOCKING))  # SQLite has one writer at a time anyway
    assert found.keys() == LOCKING.keys(), found
