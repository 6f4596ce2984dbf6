"""The supply chain: a lock that fits requirements.txt, a bill of materials, reproducible static files."""

import filecmp
import json
import re
import subprocess
import sys
from importlib.metadata import distribution

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from console.sandbox.processes import ROOT
from tests.operations.test_site import _environment

LOCK = ROOT / "console" / "deploy" / "requirements.lock"


def locked():
    entries = re.findall(
        r"^([\w.-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", LOCK.read_text(), re.MULTILINE
    )
    return {canonicalize_name(name): version for name, version, _ in entries}


def required():
    lines = [line.split(" #")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def closure(requirements):
    """Return each package that is needed, with all requirements on its version."""
    found, waiting = {}, list(requirements)
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        is_new = one not in found.setdefault(name, [])
        if is_new:
            found[name].append(one)
            needs = [Requirement(text) for text in distribution(name).requires or []]
            extras = one.extras or {""}
            waiting += [
                need for need in needs if not need.marker or any(need.marker.evaluate({"extra": e}) for e in extras)
            ]
    return found


def test_the_lock_holds_what_is_required_and_nothing_else():
    found, needed = locked(), closure(required())
    assert len(found) == LOCK.read_text().count("=="), "an entry has no hashes"
    assert set(found) == set(needed)
    wrong = [
        f"{name} {found[name]} is not {one.specifier}"
        for name, asked in needed.items()
        for one in asked
        if not one.specifier.contains(found[name])
    ]
    assert wrong == [], "run .ci/lock"


def test_the_bill_of_materials_is_valid_and_the_same_each_time():
    first, second = (subprocess.run([sys.executable, ".ci/sbom"], cwd=ROOT, capture_output=True) for _ in range(2))
    assert first.stdout == second.stdout, second.stderr
    document = json.loads(first.stdout)
    for one in document["components"]:
        one["externalReferences"] = one.get("externalReferences", [])[:1]  # there are hundreds, and validating is slow
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    versions = {one["name"]: one["version"] for one in document["components"]}
    assert versions.pop("htmx.org") == "2.0.11"
    assert versions == locked()
    known = {one["bom-ref"] for one in document["components"]}
    assert {ref for one in document["dependencies"] for ref in one["dependsOn"]} <= known
    assert all(one["licenses"] for one in document["components"])


def test_static_files_are_the_same_each_time(tmp_path):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        (tmp_path / f"static_{folder.name}.py").write_text(
            f"from console.settings import *\nSTATIC_ROOT = {str(folder)!r}\n"
        )
        env = {**_environment(), "DJANGO_SETTINGS_MODULE": f"static_{folder.name}", "PYTHONPATH": f"{tmp_path}:{ROOT}"}
        command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=env, check=True)
    names = [sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()) for folder in folders]
    assert names[0] == names[1]
    assert len(names[0]) > 50
    _, different, unreadable = filecmp.cmpfiles(*folders, names[0], shallow=False)
    assert different == unreadable == []
