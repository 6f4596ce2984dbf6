"""``console.env`` means the same to a shell, to systemd and to Podman, and the console starts with it."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT
from tests.conftest import unavailable
from tests.environment_files import READERS, read_by_podman, read_by_systemd
from tests.operations.test_site import start

SHIPPED = ROOT / "console" / "deploy" / "console.env"
SETTINGS = (ROOT / "console" / "docs" / "settings.md").read_text()
PLAIN = re.compile(r"[A-Za-z0-9_./:@,=+%\[\]?-]*")  # what no reader changes


@pytest.fixture
def filled(tmp_path):
    """The shipped file, filled in as the guide says: with ``newkeys`` appended, and values of every kind."""
    keys = subprocess.run(
        [sys.executable, "manage.py", "newkeys"], cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )  # fmt: skip
    text = SHIPPED.read_text().replace("OIDC_CLIENT_SECRET=", "OIDC_CLIENT_SECRET=from-the-provider-0123456789")
    text = text.replace("/etc/console/organizations.json", str(SHIPPED.parent / "organizations.json"))
    more = [
        "METRICS_NETWORKS=10.0.0.0/8,2001:db8::/32",
        "OUTGOING_PROXY=http://ada:p%40ss%20word%24@proxy.example.org:3128",
        "NO_PROXY=directory.example.org,.internal.example.org,10.0.0.0/8,[fd00::1]:8443",
        "CONSOLE_EMBED_MODE=same-site",
        "CONSOLE_EMBED_ORIGINS=https://portal.example.org,https://intranet.example.org:8443",
        "DATABASE_URL=postgres://console:p%40ss%26word@[::1]:5432/console?sslmode=verify-full",
        "AUDIT_RETIRED_PUBLIC_KEYS=",
    ]
    path = tmp_path / "console.env"
    path.write_text(text + keys.stdout + "\n".join([*more, ""]))
    return path


def test_all_readers_read_the_same(filled):
    read = {name: reader(filled) for name, reader in READERS.items()}
    assert read["sh"] == read["systemd"] == read["podman"]
    assert len(read["sh"]) > 18
    for name, value in read["sh"].items():
        assert PLAIN.fullmatch(value), name


def test_the_console_starts_with_it(filled):
    result = start(_deploy="yes", **{**READERS["podman"](filled), "PROMETHEUS_MULTIPROC_DIR": None})
    assert "Traceback" not in result.stderr
    assert "Set it in the environment" not in result.stderr


def test_the_shipped_file_needs_no_quoting():
    for line in SHIPPED.read_text().splitlines():
        if line and not line.startswith("#"):
            assert PLAIN.fullmatch(line.partition("=")[2]), line
            assert line == line.strip()


def test_examples_of_the_guide_need_no_quoting():
    """A value that the page gives as ``NAME=value`` can stand in the file as it is."""
    for name, value in re.findall(r"`([A-Z][A-Z_]+)=([^`]+)`", SETTINGS):
        assert PLAIN.fullmatch(value), name


def test_a_value_that_needs_quotes_comes_from_a_file(tmp_path, filled):
    (tmp_path / "name").write_text('Sign-in of the company\'s "house" $x')
    env = {**READERS["podman"](filled), "OIDC_PROVIDER_NAME_FILE": str(tmp_path / "name")}
    env |= {"PROMETHEUS_MULTIPROC_DIR": None}
    assert start(**env).returncode == 0


def test_the_readers_differ_where_a_value_needs_quotes(tmp_path):
    """So the tests above would notice: these are the rules of each."""
    path = tmp_path / "x.env"
    path.write_text('A="b c"\nB=\'d"e\'\nC=f\\ g  \nD=h # i\n; comment\n# comment\n\nE=j\\\nk\nF=\n')
    assert read_by_systemd(path) == {"A": "b c", "B": 'd"e', "C": "f g", "D": "h # i", "E": "jk", "F": ""}
    path.write_text("A=\"b c\"\nB='d'\nC=e # f\n")
    assert read_by_podman(path) == {"A": '"b c"', "B": "'d'", "C": "e # f"}


def test_systemds_own_parser_reads_what_our_reader_reads(filled, tmp_path):
    """systemd does not run in a container, but its generator for ``environment.d`` parses files by the same code."""
    generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
    if not os.path.exists(generator):
        unavailable("systemd")
    folder = tmp_path / "home" / ".config" / "environment.d"
    folder.mkdir(parents=True)
    shutil.copy(filled, folder / "console.conf")
    env = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    result = subprocess.run([generator], env=env, capture_output=True, text=True, check=True)
    printed = dict(word.split("=", 1) for word in shlex.split(result.stdout))  # it quotes for a shell
    expected = read_by_systemd(filled)
    assert {name: printed.get(name, "") for name in expected} == expected, "it leaves out what is empty"
