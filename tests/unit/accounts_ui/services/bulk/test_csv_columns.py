"""Headings of lists, in the words of people, of other programs and of the console itself."""

import pytest
from django.utils.translation import override

from accounts_ui.services.bulk.csv_columns import FIELD_LABELS, ListColumn, count_fields, read_columns, repeated_field


def fields(*headings: str) -> list[str]:
    return [column.field for column in read_columns(headings)]


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_console_understands_its_own_words(language: str) -> None:
    with override(language):
        assert fields(*map(str, FIELD_LABELS.values())) == list(FIELD_LABELS)


def test_spelling_does_not_count() -> None:
    assert fields("E-Mail", "SUBJECT_ID", " account  code ", "Statut", "Begründung") == [
        "email", "subject_id", "code", "status", "message",
    ]  # fmt: skip


def test_the_name_of_a_field_counts_before_other_words() -> None:
    assert read_columns(["id", "subject_id", "type", "x"]) == [
        ListColumn("id", ""), ListColumn("subject_id", "subject_id"), ListColumn("type", "code"), ListColumn("x", ""),
    ]  # fmt: skip


def test_a_field_twice_is_found_and_parts_of_a_name_are_not() -> None:
    assert repeated_field(read_columns(["login", "user", "code"])) == "user"
    assert repeated_field(read_columns(["Vorname", "Nachname", "x", "y", ""])) == ""


def test_each_field_counts_once() -> None:
    assert count_fields(["email", "E-Mail", "", "code", "room"]) == 2
