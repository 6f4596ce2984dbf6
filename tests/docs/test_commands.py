"""The commands of the guide: those that can run here are run, as they are written; of the others each part is checked.

A page's commands run one after the other in a folder of its own, against a console and its database.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT
from tests import servers
from tests.docs import pages

ALL = [command for page in pages.PAGES for command in pages.commands(page)]

# Parses command lines with each command's own parser; prints what it says of those that it does not take.
PARSER = """
import argparse, json, sys, django
django.setup()
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError
wrong, apps = [], get_commands()
for line in json.load(sys.stdin):
    name, *arguments = line
    if name not in apps:
        wrong.append([line, "no such command"])
        continue
    try:
        load_command_class(apps[name], name).create_parser("manage.py", name).parse_args(arguments)
    except CommandError as error:
        wrong.append([line, str(error)])
    except SystemExit as error:
        wrong += [[line, "exit"]] if error.code else []
print(json.dumps(wrong))
"""

# Programs of operators and developers that are not started here, and what their commands may name.
PROGRAMS = {
    "useradd",
    "sudo",
    "cd",
    "install",
    "psql",
    "pg_dump",
    "pg_restore",
    "cp",
    "systemctl",
    "podman",
    "kubectl",
    "set",
    ".",
}
NUMBERS = {"SEQUENCE": "7", "NUMBER": "0001"}


def management_lines():
    """Every ``manage.py`` command line of the guide, in blocks and in the text."""
    blocks = [command.management for command in ALL if command.management]
    text = [pages.Command(page.name, code) for page in pages.PAGES for code in pages.inline(page)]
    found = [command.management for command in text if command.text.startswith("manage.py ")]
    return [[NUMBERS.get(word, word) for word in line] for line in [*blocks, *found] if line and "…" not in line]


def test_management_commands_take_the_options_that_are_shown(sqlite_console):
    lines = [line for line in management_lines() if line[0] != "APP"]
    assert len(lines) > 40
    done = subprocess.run(
        [sys.executable, "-c", PARSER],
        input=json.dumps(lines), cwd=ROOT, env=sqlite_console.server.env, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []  # before that a command may have printed its help


@pytest.mark.parametrize("command", ALL, ids=str)
def test_each_command_is_one_that_is_known_and_names_files_that_exist(command):
    words = command.words
    if not words:
        assert re.fullmatch(r"\w+=\S+", command.text), "an assignment"
        return
    program = words[0].rpartition("/")[2]
    assert program in PROGRAMS | {"python", "python3", "pip", "pre-commit"}, program
    for word in words[1:]:
        if word.startswith(("console/", "accounts_ui/", "tests/")):
            assert list(ROOT.glob(word.split("::")[0])), word


def test_the_two_commands_are_those_of_the_readme():
    [first, second] = pages.blocks(pages.README, "")[0].splitlines()
    assert first == (
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python manage.py sandbox"
    )
    assert second == (
        "python3 -m venv .venv && .venv/bin/pip install -r tests/requirements.txt && .venv/bin/python -m pytest"
    )


class Shell:
    """A folder in which a page's commands run as they are written, with ``python`` and ``manage.py`` at hand."""

    def __init__(self, folder, env):
        self.folder, self.env, self.replaced = folder, dict(env), {}
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name in ("python", "python3"):
            (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
            (programs / name).chmod(0o755)
        (folder / "manage.py").symlink_to(ROOT / "manage.py")
        self.env["PATH"] = f"{programs}:{os.environ['PATH']}"

    def run(self, command):
        text = command.text
        for word, value in self.replaced.items():
            text = re.sub(rf"(?<![\w$]){re.escape(word)}(?!\w)", value, text)
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def world(start_console, directory_server, tmp_path_factory):
    """A console of the module's own whose log has some changes, and who made them."""
    directory = servers.DirectoryDouble(directory_server)
    directory.reset()
    console = start_console("sqlite")
    ada = servers.Browser(console.url)
    ada.sign_in("ada")
    for status in ("disabled", "active", "disabled"):
        path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
        page = ada.post(path, {**ada.form(path), "status": status})
        assert servers.outcome_of(page) == "applied", servers.text_of(page)
    return console, ada, tmp_path_factory.mktemp("shell")


def runnable(page):
    """The page's commands that are the console's own."""
    chosen = [command for command in pages.commands(pages.DOCS / page) if command.words]
    return [
        one for one in chosen if one.words[0] in ("python", "python3") and one.words[1] in ("manage.py", "verify.py")
    ]


def test_an_auditor_verifies_pack_and_export(world):
    console, ada, folder = world
    shell = Shell(folder / "auditing", console.server.env)
    (shell.folder / "changes-evidence.zip").write_bytes(ada.get("/orgs/acme/changes/evidence.zip").content)
    (shell.folder / "export.jsonl").write_bytes(ada.get("/orgs/acme/changes/export.jsonl").content)
    (shell.folder / "checkpoints.txt").write_text(console.manage("checkpoint").stdout)
    shutil.copy(ROOT / "accounts_ui" / "changes" / "evidence" / "verify.py", shell.folder)
    shell.env["KEY"] = console.manage("checkpoint", "--public-key").stdout.strip()
    printed = [shell.run(command) for command in runnable("auditing.md")]
    assert printed[0].strip() == shell.env["KEY"]
    assert sum(text.startswith("Verified 6 events") for text in printed) == 5


def test_an_operator_archives_verifies_and_ends_sessions(world):
    console, ada, folder = world
    shell = Shell(folder / "operating", console.server.env)
    archive = shell.folder / "archive"
    archive.mkdir()
    assert (
        console.manage(
            "archive_changes", "--organization", "acme", "--through", "2", "--folder", str(archive)
        ).returncode
        == 0
    )
    shell.env["OWNER_URL"] = console.server.env["DATABASE_URL"]
    shell.replaced = {
        "--before 2026-01-01": "--organization acme --through 5",
        "/srv/archive": str(archive),
        "FORMER.end.json": f"{archive}/changes-acme-1-2.end.json",
        "FILE.checkpoint.txt": f"{archive}/changes-acme-3-4.checkpoint.txt",
        "--file FILE.jsonl": f"--file {archive}/changes-acme-3-4.jsonl",
        "SUB": "person-ada",
    }
    # tests/operations/test_copying.py goes to PostgreSQL, tests/changes/test_attacks.py breaks a log
    moving = ("migrate", "copy_database", "acknowledge_break")
    chosen = [command for command in runnable("operating.md") if command.management[0] not in moving]
    printed = "".join(shell.run(command) for command in chosen)
    assert "Would archive events 3 to 4" in printed
    assert "Archived: events 3 to 4" in printed
    assert (shell.folder / "log.jsonl").read_text().count("\n") == 6
    assert ada.get("/orgs/acme/accounts/", follow=False).is_redirect, "the session has ended"
