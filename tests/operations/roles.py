"""Two roles and a database of theirs, as deploying.md makes them."""

import subprocess
from urllib.parse import urlsplit

import psycopg

from console.sandbox.processes import ROOT
from tests import leftovers, servers
from tests.proxies import program

ROLES_SQL = ROOT / "console" / "deploy" / "roles.sql"


class TwoRoles:
    """A database of the owning role, empty, and a serving role without rights."""

    def __init__(self, template: "TwoRoles | None" = None) -> None:
        self.database = leftovers.new_name(leftovers.DATABASE)
        self.owning, self.serving = f"{self.database}_owner", f"{self.database}_serving"
        self.more_databases: list[str] = []
        self.as_superuser(
            f"CREATE ROLE {self.owning} LOGIN PASSWORD 'owning'",
            f"CREATE ROLE {self.serving} LOGIN PASSWORD 'serving'",
            f"CREATE DATABASE {self.database} OWNER {self.owning} TEMPLATE {template.database if template else 'template1'}",
        )
        if template:
            self.as_superuser(
                f"REASSIGN OWNED BY {template.owning} TO {self.owning}",  # the tables, but also all databases
                f"ALTER DATABASE {template.database} OWNER TO {template.owning}",
                database=self.database,
            )

    @property
    def owner_url(self) -> str:
        return self.url(self.owning, "owning")

    @property
    def serving_url(self) -> str:
        return self.url(self.serving, "serving")

    @property
    def port(self) -> int:
        return urlsplit(servers.POSTGRESQL).port or 5432

    def url(self, role: str, password: str, database: str = "") -> str:
        host = urlsplit(servers.POSTGRESQL).hostname
        return f"postgres://{role}:{password}@{host}:{self.port}/{database or self.database}"

    def superuser_url(self, database: str = "") -> str:
        return servers.POSTGRESQL.rsplit("/", 1)[0] + f"/{database or self.database}"

    def as_superuser(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.superuser_url(database), autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                connection.execute(statement)

    def set_rights(self, *, url: str = "", **names: str) -> "subprocess.CompletedProcess[str]":
        """Run ``roles.sql`` as the owning role."""
        names = {"serving": self.serving, "owning": self.owning, **names}
        variables = [word for name, value in names.items() for word in ("--set", f"{name}={value}")]
        command = [program("psql"), url or self.owner_url, "--no-psqlrc", "--file", str(ROLES_SQL), *variables]
        return subprocess.run(command, capture_output=True, text=True)

    def drop(self) -> None:
        databases = [self.database, *self.more_databases]
        self.as_superuser(
            *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in databases),
            f"DROP ROLE IF EXISTS {self.serving}, {self.owning}",
        )
