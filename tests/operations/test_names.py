"""``.ci/names`` finds classes and functions that share a name."""

import shutil
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT

FILES = {
    "console/first.py": "class Span: ...\ndef read(): ...\ndef only_here(): ...\ndef _private(): ...\n",
    "console/second.py": "def read(): ...\n",
    "accounts_ui/third.py": "class _Span: ...\ndef _private(): ...\nclass Command: ...\n",
    "accounts_ui/plans/fourth.py": "class Command: ...\nclass Outer:\n    class Span: ...\n    def read(self): ...\n",
    "accounts_ui/migrations/0001_initial.py": "class Span: ...\n",
}


@pytest.fixture
def tree(tmp_path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "names", tmp_path / ".ci")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def check_names(tree):
    return subprocess.run([sys.executable, tree / ".ci" / "names"], capture_output=True, text=True, check=False)


def test_private_nested_migrated_and_exempt_names_may_be_used_again(tree):
    result = check_names(tree)
    assert (result.returncode, result.stdout) == (0, ""), "functions of one package may share a name, too"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("class Span: ...\n", "class Span: accounts_ui/third.py, console/first.py\n"),
        ("def read(): ...\n", "function read: accounts_ui/third.py, console/first.py, console/second.py\n"),
        ("async def read(): ...\n", "function read: accounts_ui/third.py, console/first.py, console/second.py\n"),
    ],
)
def test_a_name_that_means_two_things_is_reported_with_its_places(tree, text, line):
    (tree / "accounts_ui/third.py").write_text(text)
    result = check_names(tree)
    assert (result.returncode, result.stdout) == (1, line)
