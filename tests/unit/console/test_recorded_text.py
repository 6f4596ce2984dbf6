"""Recorded texts: English when they are stored, translated from ids and parameters when they are shown."""

import importlib
import pickle
import pkgutil
import re

import pytest
from django.utils import timezone
from django.utils.translation import gettext, override

import accounts_ui
import console
from accounts_ui.plans.models import Plan, PlanRow
from accounts_ui.text import labels
from console import recorded_text
from console.recorded_text import RecordedText, join_texts, parts_of, recorded, templates, translate

LISTED = recorded("outcome.account_listed", "the account is listed as {status}")
SHOWN = recorded("outcome.shown", "The directory shows the change: {seen}.")
LINE = recorded("plan.line", "Line {line}: {detail}")

assert labels


@pytest.fixture(scope="module", autouse=True)
def all_modules() -> None:
    """Import all of the console: templates are registered when their modules are imported."""
    for package in (accounts_ui, console):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"\.(sandbox|migrations|formats)\b|\.wsgi$|\.verify$", module.name):
                importlib.import_module(module.name)


def test_an_id_names_one_template() -> None:
    assert recorded("plan.line", "Line {line}: {detail}") == LINE
    with pytest.raises(ValueError, match="used twice"):
        recorded("plan.line", "Another sentence.")


def test_each_template_has_a_short_id_and_is_translated() -> None:
    assert len(templates) > 100
    for message_id, template in templates.items():
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+){1,2}", message_id), message_id
        if re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", template)):
            for language in ("de", "fr"):
                with override(language):
                    assert gettext(template) != template, f"{message_id} is not translated in {language}"


def test_a_formatted_template_is_english_and_keeps_its_parameters() -> None:
    text = LINE.format(line=3, detail="User is locked.")
    assert text == "Line 3: User is locked."
    assert text.parts == ({"id": "plan.line", "parameters": {"line": 3, "detail": "User is locked."}},)


def test_parameters_that_are_recorded_texts_are_translated_too() -> None:
    text = SHOWN.format(seen=LISTED.format(status="active"))
    assert text == "The directory shows the change: the account is listed as active."
    with override("de"):
        assert translate(text) == "Das Verzeichnis zeigt die Änderung: das Konto ist als aktiv aufgeführt."


def test_a_status_that_nobody_knows_is_shown_as_it_came() -> None:
    with override("fr"):
        assert "somnolent" in translate(LISTED.format(status="somnolent"))


def test_joined_texts_keep_what_others_said_as_it_came() -> None:
    text = join_texts("User {is} locked.", "", LINE.format(line=1, detail="x"))
    assert text == "User {is} locked. Line 1: x"
    with override("de"):
        assert translate(text) == "User {is} locked. Zeile 1: x"
    assert join_texts("only", "foreign").parts == ()


def test_only_templates_are_formatted() -> None:
    for text in (LINE.format(line=1, detail="{line}"), join_texts(LINE, LINE), RecordedText("{line}")):
        with pytest.raises(TypeError):
            text.format(line=1)
    with pytest.raises(TypeError):
        LINE.format(1)


def test_parameters_hold_what_canonical_json_can_hold() -> None:
    [part] = LINE.format(line=2**53, detail=1.5).parts
    assert part["parameters"] == {"line": str(2**53), "detail": "1.5"}


@pytest.mark.parametrize(
    "parts",
    [[{"id": "of.a_later_release", "parameters": {}}], [{"id": "plan.line", "parameters": {}}], [{"id": "plan.line"}]],
)
def test_parts_of_another_release_leave_the_text_as_it_was_recorded(parts: list[object]) -> None:
    with override("de"):
        assert translate(RecordedText("As recorded.", parts)) == "As recorded."


def test_a_recorded_text_survives_pickling() -> None:
    text = LINE.format(line=1, detail="x")
    assert pickle.loads(pickle.dumps(text)).parts == text.parts


def test_a_field_sets_text_and_parts_together() -> None:
    row = PlanRow(detail=LINE.format(line=1, detail="x"))
    assert (str(row.detail), row.detail_parts) == ("Line 1: x", parts_of(LINE.format(line=1, detail="x")))
    row.detail = "User is locked."
    assert (row.detail, row.detail_parts) == ("User is locked.", [])


def test_a_field_reads_text_and_parts_of_a_row() -> None:
    names = [field.attname for field in Plan._meta.concrete_fields]
    values = {"state_detail": "Line 1: x", "state_detail_parts": parts_of(LINE.format(line=1, detail="x"))}
    plan = Plan.from_db("default", names, [values.get(name) for name in names])
    with override("de"):
        assert translate(plan.state_detail) == "Zeile 1: x"


def test_a_migration_sees_a_plain_text_field() -> None:
    field = PlanRow._meta.get_field("detail")
    assert field.deconstruct()[1] == "django.db.models.TextField"
    assert recorded_text.parts_of(field.get_prep_value(LINE)) == []


READ = recorded(
    "outcome.may_still_act", "A read at {at} does not show the change, but the directory may still be acting."
)


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("en", "UTC", "A read at 5 Mar 2026, 23:30 "),
        ("en", "Asia/Tokyo", "A read at 6 Mar 2026, 08:30 "),
        ("de", "Europe/Berlin", "06.03.2026, 00:30"),
        ("fr", "UTC", "du 05/03/2026 23:30"),
    ],
)
def test_times_are_shown_in_the_readers_format_and_zone(language: str, zone: str, shown: str) -> None:
    text = READ.format(at="2026-03-05T23:30:20.123456Z")
    assert "2026-03-05T23:30:20.123456Z" in text, "the record holds the exact time"
    with override(language), timezone.override(zone):
        assert shown in translate(text)
        assert "T23:30" not in translate(text)


def test_a_time_that_cannot_be_read_is_shown_as_recorded() -> None:
    text = READ.format(at="soon")
    assert translate(text) == text
