"""What killed test runs leave behind in PostgreSQL and on the disk. The next run on this machine clears it away.

A run that is killed takes nothing down: databases, roles, a tablespace on a small file system that may be full, after
which PostgreSQL cannot write checkpoints any more. Their names say who made them.
"""

import contextlib
import os
import re
import socket
import subprocess
import tempfile
import uuid
import zlib
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

# Process ids mean something within one namespace of one machine only.
_NAMESPACE = Path("/proc/self/ns/pid")
_HERE = f"{zlib.crc32(f'{socket.gethostname()} {_NAMESPACE.exists() and _NAMESPACE.readlink()}'.encode()):08x}"
_MARK = re.compile(rf"{_HERE}_(\d+)_")
_LOCK = 0x6C_65_66_74  # taken in the database "postgres": workers start at the same time

DATABASE = "console_test_"
TABLESPACE = "tiny_"
DISK = "console-disk-"


def new_name(prefix: str) -> str:
    """A name of its own for something that this process makes."""
    return f"{prefix}{_HERE}_{os.getpid()}_{uuid.uuid4().hex[:12]}"


def is_leftover(name: str) -> bool:
    """Whether a process that has ended made it."""
    made_by = _MARK.search(name)
    return made_by is not None and not _is_running(int(made_by[1]))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear(postgresql: str) -> None:
    """Clear away what processes of this machine left that have ended."""
    disks = [path for path in Path(tempfile.gettempdir()).glob(f"{DISK}*") if is_leftover(path.name)]
    for disk in disks:
        with contextlib.suppress(OSError):
            (disk / "filling").unlink(missing_ok=True)  # a full disk lets PostgreSQL drop nothing
    with contextlib.suppress(psycopg.OperationalError):
        _clear_postgresql(postgresql)
    for disk in disks:
        subprocess.run(["umount", "--lazy", str(disk)], check=False, capture_output=True)
        with contextlib.suppress(OSError):
            disk.rmdir()


def _clear_postgresql(address: str) -> None:
    with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        for query, statement in (
            ("SELECT datname FROM pg_database", "DROP DATABASE IF EXISTS {} WITH (FORCE)"),
            ("SELECT spcname FROM pg_tablespace", "DROP TABLESPACE IF EXISTS {}"),
            ("SELECT rolname FROM pg_roles", "DROP ROLE IF EXISTS {}"),
        ):
            _drop(connection, query, statement)


def _drop(connection: "psycopg.Connection[tuple[str]]", query: LiteralString, statement: LiteralString) -> None:
    for (name,) in connection.execute(query).fetchall():
        if is_leftover(name):
            with contextlib.suppress(psycopg.Error):  # the next run tries again
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
