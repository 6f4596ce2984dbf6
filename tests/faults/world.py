"""A console whose every way to the outside can be broken: the directory, its name, the database, the disk, the cache."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests import leftovers, servers
from tests.changes.verdicts import Verifier
from tests.faults.wires import Front, Wire, certificates
from tests.servers import Console, DirectoryDouble, Server

NAME = "directory.example.test"
TIMEOUT = 3.0  # seconds; one call, and where the token was rejected its renewal too
_IN_A_NAMESPACE = (
    'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && mount -t tmpfs -o size=24m tmpfs "$3" '
    '&& mkdir "$3/data" && if [ -n "$4" ]; then cp "$4" "$3/data/console.sqlite3"; fi && shift 4 && exec "$@"'
)

_HOLD = (
    "import sqlite3, sys; held = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "held.execute('BEGIN IMMEDIATE'); print(flush=True); sys.stdin.read()"
)


class NotPossibleHere(Exception):
    """This machine does not let the tests build such a world; the message names what is missing."""


@dataclass
class World:
    """The console, and what breaks it. ``disk`` is its tiny disk as it looks from here."""

    console: Console
    directory: DirectoryDouble
    provider: Server
    front: Front
    stranger: object
    hosts: Path
    cache: Wire
    database: Wire | None
    database_url: str
    disk: Path
    verifier: Verifier

    @property
    def kind(self) -> str:
        return self.console.database

    def forget_name(self) -> None:
        self.hosts.write_text("127.0.0.1 localhost\n")

    def know_name(self) -> None:
        self.hosts.write_text(f"127.0.0.1 localhost {NAME}\n")

    def lose_database(self) -> None:
        if self.database:
            self.database.cut()
        else:
            (self.disk / "data").rename(self.disk / "away")

    def find_database(self) -> None:
        if self.database:
            self.database.mend()
        elif (self.disk / "away").exists():
            (self.disk / "away").rename(self.disk / "data")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else writes and does not end."""
        if self.database:
            with psycopg.connect(self.database_url) as other:
                zeros = "0" * 64
                other.execute("INSERT INTO changes_loghead VALUES ('acme', 0, %s, '') ON CONFLICT DO NOTHING", [zeros])
                other.execute("SELECT 1 FROM changes_loghead WHERE organization_id = 'acme' FOR UPDATE")
                yield
                other.rollback()
            return
        path = self.console.server.env["DATABASE_URL"].removeprefix("sqlite:///")
        other = subprocess.Popen(
            [*inside(self.console), sys.executable, "-c", _HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with other:
            assert other.stdout
            assert other.stdin
            other.stdout.readline()  # it holds the lock
            yield
            other.stdin.close()

    def fill_disk(self) -> None:
        try:
            with (self.disk / "filling").open("wb", buffering=0) as filling:
                while filling.write(bytes(4096)):
                    pass
        except OSError:
            return

    def free_disk(self) -> None:
        (self.disk / "filling").unlink(missing_ok=True)

    def verify(self) -> tuple[int, str]:
        """The status of ``verify_changes``, and what it says of the whole database."""
        return self.verifier()


def inside(console: Console) -> list[str]:
    """A command that runs another one where the console sees its disk."""
    as_root = [] if os.getuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(console.server.process.pid), *as_root, "--mount", "--"]


@contextmanager
def build(
    kind: str,
    folder: Path,
    start_console: Callable[..., Console],
    migrated: Callable[[str], str],
    directory: DirectoryDouble,
    provider: Server,
) -> Iterator[World]:
    """Build one; taken down at the end."""
    authorities, trusted, stranger = certificates(folder, NAME)
    front = Front(directory.url, trusted)
    redis = urlsplit(servers.REDIS)
    cache = Wire(redis.hostname or "", redis.port or 6379)
    hosts, resolver = folder / "hosts", folder / "resolv.conf"
    disk = Path(tempfile.mkdtemp(prefix=leftovers.new_name(leftovers.DISK)))
    disk.chmod(0o755)  # a database server has to get there
    hosts.write_text(f"127.0.0.1 localhost {NAME}\n")
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    settings = {
        "DIRECTORY_API_URL": f"https://{NAME}:{front.port}",
        "DIRECTORY_TIMEOUT": str(TIMEOUT),
        "DIRECTORY_MAX_BYTES": str(8 * 1024**2),
        "CA_BUNDLE": str(authorities),
        "CACHE_URL": f"redis://127.0.0.1:{cache.port}{redis.path}",
        "DATABASE_TIMEOUT": "3",
        "OIDC_TIMEOUT": "5",
        "SESSION_IDLE_MINUTES": "2",
    }
    template, wire, url = "", None, migrated(kind)
    if kind == "sqlite":
        template = url.removeprefix("sqlite:///")
        settings["DATABASE_URL"] = f"sqlite:///{disk}/data/console.sqlite3"
    else:
        at = urlsplit(servers.POSTGRESQL)
        wire = Wire(at.hostname or "", at.port or 5432)
        user = f"{at.username}:{at.password}" if at.password else at.username
        settings["DATABASE_URL"] = f"postgres://{user}@127.0.0.1:{wire.port}{urlsplit(url).path}?sslmode=disable"
    with tiny_disk(disk, url) if wire else _nothing():
        prefix = _namespace(str(hosts), str(resolver), str(folder / "private" if wire else disk), template)
        (folder / "private").mkdir()
        console = start_console(kind, prefix=prefix, shared=True, **settings)
        seen = Path(f"/proc/{console.server.process.pid}/root{disk}")
        with Verifier(console.server.env, prefix=inside(console)) as verifier:
            yield World(
                console=console,
                directory=directory,
                provider=provider,
                front=front,
                stranger=stranger,
                hosts=hosts,
                cache=cache,
                database=wire,
                database_url=url.replace("postgres://", "postgresql://") if wire else "",
                disk=disk if wire else seen,
                verifier=verifier,
            )
    front.shut()
    cache.shut()
    disk.rmdir()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _namespace(*what: str) -> list[str]:
    """A command that runs another one with a hosts file and a disk of its own."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise NotPossibleHere("unshare")
    command = [
        unshare,
        *([] if os.getuid() == 0 else ["--user", "--map-root-user"]),
        "--mount",
        "--propagation",
        "private",
    ]
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        raise NotPossibleHere("a mount namespace")
    return [*command, "sh", "-c", _IN_A_NAMESPACE, "sh", *what]


@contextmanager
def tiny_disk(disk: Path, url: str) -> Iterator[None]:
    """Move the database to a tablespace on a small file system."""
    name, space = urlsplit(url).path.strip("/"), leftovers.new_name(leftovers.TABLESPACE)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True).returncode:
        raise NotPossibleHere("a tiny disk for PostgreSQL")
    try:
        (disk / "space").mkdir()
        shutil.chown(disk / "space", "postgres")
        with psycopg.connect(servers.POSTGRESQL, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE {space} LOCATION '{disk / 'space'}'")
            connection.execute(f'ALTER DATABASE "{name}" SET TABLESPACE {space}')
        yield
    finally:
        try:
            (disk / "filling").unlink(missing_ok=True)
            with psycopg.connect(servers.POSTGRESQL, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                connection.execute(f"DROP TABLESPACE IF EXISTS {space}")
        finally:
            # lazily, because the console's own namespace may hold a copy of the mount
            subprocess.run(["umount", "--lazy", str(disk)], check=False)
