"""The doctor's checks: one that fails does not hide the others, and findings become system checks."""

import pytest

from console.runtime import doctor
from console.runtime.doctor import as_system_checks, doctor_check, error, ok, run_doctor_checks, warning


def test_a_failing_check_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DOCTOR_CHECKS", [])

    @doctor_check("broken", fix="Fix it.")
    def broken() -> list[doctor.Finding]:
        raise RuntimeError("No connection.\nAuthorization: Bearer abcdefgh12345")

    @doctor_check("intact", fix="")
    def intact() -> list[doctor.Finding]:
        return [ok("it works")]

    assert list(run_doctor_checks()) == [("broken", error("No connection", "Fix it.")), ("intact", ok("it works"))]


def test_the_text_of_an_exception_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DOCTOR_CHECKS", [])

    @doctor_check("broken", fix="Fix it.")
    def broken() -> list[doctor.Finding]:
        raise RuntimeError("Authorization: Bearer abcdefgh12345")

    [(_, finding)] = run_doctor_checks()
    assert "abcdefgh12345" not in finding.message


def test_only_problems_with_an_id_become_system_checks() -> None:
    findings = [ok("fine"), warning("odd", "Look.", "console.W999"), error("wrong", "Fix.", "console.E999")]
    messages = as_system_checks([*findings, error("without an id", "Fix.")])
    assert [(message.id, message.msg, message.hint) for message in messages] == [
        ("console.W999", "Odd.", "Look."),
        ("console.E999", "Wrong.", "Fix."),
    ]
    assert [message.is_serious() for message in messages] == [False, True]
