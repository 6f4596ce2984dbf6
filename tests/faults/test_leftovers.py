"""What a killed test run leaves in PostgreSQL and on the disk is cleared away by the next one, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from console.sandbox.processes import ROOT
from tests import leftovers, servers
from tests.conftest import unavailable
from tests.operations.roles import TwoRoles

RUN = """
import json, os, tempfile
from pathlib import Path
from tests import leftovers, servers
from tests.faults.world import NotPossibleHere, tiny_disk
from tests.operations.roles import TwoRoles
roles, database = TwoRoles(), servers.TestDatabase()
disk = Path(tempfile.mkdtemp(prefix=leftovers.new_name(leftovers.DISK)))
disk.chmod(0o755)
made = {"names": [roles.database, roles.owning, roles.serving, database.name], "disk": str(disk)}
try:
    with tiny_disk(disk, database.url):
        with (disk / "filling").open("wb", buffering=0) as filling:
            try:
                while filling.write(bytes(65536)):
                    pass
            except OSError:
                print(json.dumps(made), flush=True)
                os._exit(9)
except NotPossibleHere as missing:
    roles.drop()
    database.drop()
    print(json.dumps({"missing": str(missing)}))
"""
_NAMES = "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles UNION SELECT spcname FROM pg_tablespace"


def names():
    with psycopg.connect(servers.POSTGRESQL) as connection:
        return {name for (name,) in connection.execute(_NAMES).fetchall()}


@pytest.fixture
def living():
    """A database and roles of this process."""
    try:
        roles = TwoRoles()
    except psycopg.OperationalError:
        unavailable("PostgreSQL")
    yield roles
    roles.drop()


def test_a_killed_run_is_cleared_away_and_a_living_one_is_not(living):
    killed = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True)
    made = json.loads(killed.stdout)
    if "missing" in made:
        unavailable(made["missing"])
    assert killed.returncode == 9
    assert set(made["names"]) <= names()
    [mark] = {name.split("_")[3] for name in made["names"]}
    assert any(name.startswith(leftovers.TABLESPACE) and f"_{mark}_" in name for name in names())

    leftovers.clear(servers.POSTGRESQL)

    left = names()
    assert not {name for name in left if f"_{mark}_" in name}
    assert {living.database, living.owning, living.serving} <= left
    assert not Path(made["disk"]).exists()
    with psycopg.connect(servers.POSTGRESQL, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def test_names_of_others_are_no_leftovers():
    assert not leftovers.is_leftover(leftovers.new_name(leftovers.DATABASE)), "made by this process"
    assert not leftovers.is_leftover("console_test_00000000_999999999_abc"), "another machine"
    assert not leftovers.is_leftover("console")
    ended = subprocess.Popen(["true"])
    ended.wait()
    mine = leftovers.new_name(leftovers.DATABASE)
    assert leftovers.is_leftover(mine.replace(f"_{os.getpid()}_", f"_{ended.pid}_"))
