"""What ``.ci/audit`` says if a source of vulnerabilities knows something, knows nothing, or does not answer."""

import subprocess

import pytest

from console.sandbox.processes import ROOT

SOURCES = {
    "clean": ("No known vulnerabilities found", 0),
    "found": ("Found 2 known vulnerabilities in 1 package", 1),
    "away": ("ConnectionError: Failed to resolve", 1),
    "partial": ("whitenoise  Dependency not found on PyPI and could not be audited", 0),
}


@pytest.mark.parametrize(
    ("osv", "pypi", "status", "is_missing"),
    [
        ("clean", "found", 0, False),
        ("found", "clean", 1, False),
        ("away", "clean", 0, False),
        ("away", "found", 1, False),
        ("partial", "clean", 0, False),
        ("away", "away", 0, True),
        ("away", "partial", 0, True),
        ("partial", "partial", 0, True),
    ],
)
def test_audit(tmp_path, osv, pypi, status, is_missing):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pip-audit"
    cases = "".join(
        f'*"--vulnerability-service {name}"*) echo "{SOURCES[kind][0]}"; exit {SOURCES[kind][1]};;\n'
        for name, kind in (("osv", osv), ("pypi", pypi))
    )
    program.write_text(f'#!/usr/bin/env bash\ncase "$*" in\n{cases}esac\nexit 9\n')
    program.chmod(0o755)
    run = subprocess.run([ROOT / ".ci" / "audit", tmp_path / "bin"], capture_output=True, text=True, check=False)
    assert run.returncode == status, run.stdout + run.stderr
    assert (tmp_path / "audit-missing").exists() == is_missing
