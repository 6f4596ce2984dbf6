"""``settings.md`` names each setting that the console reads, with the default that it really has."""

import ast
import json
import os
import re
import subprocess
import sys

import pytest

from console.sandbox.processes import ROOT
from tests.docs import pages

PAGE = pages.DOCS / "settings.md"

# What console/settings.py asks the environment for while it loads, and with which default.
READER = """
import json, os
from environ import Env
read, original = {}, Env.get_value
def get_value(self, var, cast=None, default=Env.NOTSET, parse_default=False):
    read[var] = None if default is Env.NOTSET else str(default)
    return original(self, var, cast, default, parse_default)
Env.get_value = get_value
from console import settings
print(json.dumps(read))
"""

# As the page says them → as the code has them.
IN_WORDS = {"empty": "", "process memory": "locmemcache://console"}
COMPUTED = {"OIDC_PROVIDER_NAME"}  # from another setting


@pytest.fixture(scope="module")
def read():
    env = {**_example(), "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "console.settings"}
    done = subprocess.run([sys.executable, "-c", READER], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _example():
    """The environment that .ci/check uses."""
    text = (ROOT / ".ci" / "environment").read_text()
    found = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", text, re.MULTILINE))
    return {**found, "DATABASE_URL": "sqlite:///:memory:"}


def documented():
    """Each setting of the tables, with its default as the page says it."""
    found = {}
    for cells in pages.tables(PAGE):
        names = re.findall(r"`([A-Z][A-Z0-9_]+)`", cells[0])
        defaults = cells[-1].split(", ") if len(names) > 1 and "`, `" in cells[-1] else [cells[-1]] * len(names)
        found |= dict(zip(names, defaults, strict=True))
    return found


def test_each_setting_stands_in_one_table():
    names = [name for cells in pages.tables(PAGE) for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cells[0])]
    assert sorted(names) == sorted(set(names))
    assert all(len(cells) == 3 and all(cells) for cells in pages.tables(PAGE))


def test_no_setting_is_missing_and_none_is_invented(read):
    elsewhere = _read_from_the_process()
    assert {"WEB_CONCURRENCY", "CONSOLE_BIND"} <= elsewhere
    # The page names OTEL_* by one of them; the reload marker and Django's own variable are no settings.
    internal = {"METRICS_OF_THE_SERVICE", "DJANGO_SETTINGS_MODULE"}
    others = {name for name in elsewhere if not name.startswith("OTEL_")} | {"OTEL_EXPORTER_OTLP_ENDPOINT"}
    assert set(documented()) == set(read) | others - internal


def _read_from_the_process():
    """The variables that the code reads past the settings: ``os.environ.get(…)`` and the like, by a literal name."""
    found = set()
    for path in [ROOT / "manage.py", *(ROOT / "console").rglob("*.py"), *(ROOT / "accounts_ui").rglob("*.py")]:
        if "sandbox" not in path.relative_to(ROOT).parts:
            found |= {name for name in map(_variable, ast.walk(ast.parse(path.read_text()))) if name}
    return found


def _variable(node):
    """The literal name in ``os.environ.get("NAME")``, ``os.environ["NAME"]`` and the like."""
    if isinstance(node, ast.Subscript):
        source, name = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        source, name = node.func.value, node.args[0]
    else:
        return None
    return name.value if ast.unparse(source) == "os.environ" and isinstance(name, ast.Constant) else None


def test_defaults_are_those_of_the_code(read):
    for name, said in documented().items():
        if name not in read or name in COMPUTED:
            continue
        text = re.sub(r"^`([^`]*)`.*", r"\1", said)
        wanted = "" if said == "required" else IN_WORDS.get(text, text)
        assert _same(wanted, read[name]), f"{name}: {said}, and the code has {read[name]}"


def _same(said, used):
    try:
        return float(said) == float(used)
    except ValueError:
        return said.casefold() == used.casefold()


def test_required_ones_stop_the_start(read):
    required = {name for name, said in documented().items() if said == "required"}
    script = "from console import settings"
    for name in required:
        env = {key: value for key, value in _example().items() if key != name}
        env |= {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "console.settings"}
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)
        assert f"{name} is not set" in done.stderr, name
