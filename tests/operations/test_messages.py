"""``.ci/checkmessages`` finds texts that are not marked or not translated, and translations that do not fit."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from console.sandbox.processes import ROOT
from tests.conftest import unavailable

CATALOGUE = Path("console/locale/de/LC_MESSAGES/django.po")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project without its tests, in which the tests break things."""
    if not shutil.which("msgfmt"):
        unavailable("gettext")
    folder = tmp_path_factory.mktemp("console") / "copy"
    for name in (".ci", "console", "accounts_ui", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def check(folder):
    script = f". {ROOT}/.ci/environment; exec {sys.executable} .ci/checkmessages"
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


def test_all_is_marked_and_translated(copy):
    result = check(copy)
    assert result.returncode == 0, result.stdout + result.stderr


def test_each_kind_of_gap_is_found(copy):
    with (copy / "templates/home/_content.html").open("a") as page:
        page.write('<p title="A title">Some text{{ x or "nothing" }}</p>{{ _("Brand new") }}')
    french = (copy / CATALOGUE).parents[2] / "fr/LC_MESSAGES/django.po"
    french.write_text(french.read_text() + '\nmsgid "Nobody says this"\nmsgstr "Personne"\n')
    german = (copy / CATALOGUE).read_text()
    german = german.replace("{who} hat das Konto", "Jemand hat das Konto", 1)
    german = german.replace('\nmsgid "Assign an account"', '\n#, fuzzy\nmsgid "Assign an account"', 1)
    (copy / CATALOGUE).write_text(german)
    subprocess.run(["msgfmt", "-o", CATALOGUE.with_suffix(".mo"), CATALOGUE], cwd=copy, check=True)
    result = check(copy)
    assert result.returncode == 1
    for said in (
        "home/_content.html: not marked: A title",
        "home/_content.html: not marked: Some text",
        '"nothing',
        'de: untranslated: "Brand new"',
        'fr: untranslated: "Brand new"',
        'fr: obsolete: "Nobody says this"',
        "fr: django.mo is not that of django.po",
        'de: fuzzy: "Assign an account"',
        "de: placeholders or tags differ: {who} changed",
    ):
        assert said in result.stdout, said
