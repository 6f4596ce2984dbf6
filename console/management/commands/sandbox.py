"""``manage.py sandbox``: run provider, directory and console on this machine, with nothing else to install."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.addresses import is_loopback
from console.sandbox import processes
from console.sandbox.directory.faults import FAULT_NAMES, is_fault
from console.sandbox.directory.store import SHAPES
from console.sandbox.people import PEOPLE

FAULT_TARGETS = ("any", "list", "types", "assign", "change_status", "delete")

MAX_PEOPLE_FOR_HISTORY = 5000
"""Each change of the history reads the list twice. With more people the first start would take minutes."""


class Command(BaseCommand):
    """Starts the servers, prints who can sign in, and stops the servers on Ctrl-C."""

    help = "Serve the console with an embedded OpenID provider and Directory API, on this machine only."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        parser.add_argument("--host", default="127.0.0.1", help="a loopback address; any other is refused")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--provider-port", type=int, default=8001)
        parser.add_argument("--directory-port", type=int, default=8002)
        parser.add_argument("--portal", action="store_true", help="also a page on another site that frames the console")
        parser.add_argument("--portal-port", type=int, default=8003)
        parser.add_argument("--directory", choices=SHAPES, default="mixed", help="the shape of the directory's rows")
        parser.add_argument("--people", type=int, default=300, help="people in each organization")
        parser.add_argument("--fault", action="append", default=[], metavar="NAME[:ON]", help=", ".join(FAULT_NAMES))
        parser.add_argument("--reset", action="store_true", help="start over")
        parser.add_argument(
            "--no-history",
            dest="history",
            action="store_false",
            help="start with an empty change log, not with some weeks of changes",
        )
        parser.add_argument("--state-dir", type=Path, default=processes.ROOT / ".sandbox")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until interrupted."""
        _require_loopback(options["host"])
        faults = [_parse_fault(text) for text in options["fault"]]
        state: Path = options["state_dir"].resolve()
        if options["reset"]:
            shutil.rmtree(state, ignore_errors=True)
        # SIGINT too: a process that a script starts in the background inherits that it is ignored.
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGINT, _interrupt)
        servers: list[processes.Server] = []
        try:
            self._start(servers, state, faults, options)
            self._print_addresses(servers)
            _wait_until_a_server_ends(servers)
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        except processes.ServerDidNotStart as error:
            raise CommandError(f"{error}\nIs another sandbox running, or the port taken? See --port.") from None
        finally:
            for server in reversed(servers):
                server.stop()

    def _start(
        self, servers: list[processes.Server], state: Path, faults: list[dict[str, Any]], options: dict[str, Any]
    ) -> None:
        self.stdout.write("Starting the provider, the directory and the console …")
        provider = processes.start_provider(state, port=options["provider_port"])
        servers.append(provider)
        directory = processes.start_directory(
            provider,
            port=options["directory_port"],
            shape=options["directory"],
            people=options["people"],
            file=state / "directory.json",
        )
        servers.append(directory)
        env = processes.console_environment(state, provider, directory)
        if options["portal"]:
            env |= processes.portal_settings(options["portal_port"])
        is_first_start = not (state / "console.sqlite3").exists()
        processes.migrate(env)
        if is_first_start and _wants_history(options):
            self.stdout.write("Making some weeks of changes, on the first start only …")
            processes.make_history(env)
        for fault in faults:
            directory.control("fault", **fault)
        console = processes.start_console(env, provider, port=options["port"])
        servers.append(console)
        servers.append(processes.start_worker(env))
        if options["portal"]:
            servers.append(processes.start_portal(console.url, port=options["portal_port"]))

    def _print_addresses(self, servers: list[processes.Server]) -> None:
        people = "\n".join(f"  {person.name:14} {person.note}" for person in PEOPLE.values())
        urls = {server.name: server.url for server in servers}
        framed = f"Framed by a portal on another site: {urls['portal']}/\n" if "portal" in urls else ""
        self.stdout.write(f"\nOpen {urls['console']}/\n{framed}\nWho can sign in (no password):\n{people}\n")
        self.stdout.write("Ctrl-C stops it.")
        self.stdout.flush()


def _require_loopback(host: str) -> None:
    if not is_loopback(host):
        raise CommandError(
            f"{host} is not a loopback address. The sandbox has no passwords, so only this machine may reach it."
        )


def _wants_history(options: dict[str, Any]) -> bool:
    """Return whether to make a history: it needs a directory that names codes, and lists that are read quickly."""
    suits = options["directory"] == "mixed" and options["people"] <= MAX_PEOPLE_FOR_HISTORY
    return bool(options["history"]) and suits


def _parse_fault(text: str) -> dict[str, Any]:
    name, _, on = text.partition(":")
    if not is_fault(name) or (on or "any") not in FAULT_TARGETS:
        raise CommandError(
            f"There is no fault {text!r}. NAME: {', '.join(FAULT_NAMES)}. ON: {', '.join(FAULT_TARGETS)}."
        )
    return {"name": name, "on": on or "any"}


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _wait_until_a_server_ends(servers: list[processes.Server]) -> None:
    while True:
        for server in servers:
            if server.process.poll() is not None:
                raise CommandError(f"The {server.name} ended with exit code {server.process.returncode}.")
        time.sleep(0.5)
