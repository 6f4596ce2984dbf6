"""Strict forms: each field once, as text in UTF-8, without control characters; errors at their fields."""

import pytest
from django import forms
from django.http import QueryDict
from django.template import engines

from console.forms import DocumentField, ManyField, StrictForm, TextField


class SampleForm(StrictForm):
    name = TextField(label="Name")
    note = TextField(required=False, multi_line=True, label="Note")
    secret = TextField(widget=forms.HiddenInput, required=False)
    document = DocumentField(required=False)
    many = ManyField(required=False)


def sent(text: str) -> SampleForm:
    return SampleForm(QueryDict(text))


def test_what_is_right_is_cleaned() -> None:
    form = sent("name=+Ada+&note=one%0D%0Atwo%09three&document=a%00b%0D%0A&many=1&many=2")
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {
        "name": "Ada",
        "note": "one\ntwo\tthree",
        "secret": "",
        "document": "a\0b\r\n",
        "many": ["1", "2"],
    }


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "name"),
        ("name=+", "name"),
        ("name=a&name=b", "name"),
        ("name=a&name=a", "name"),
        ("name=%FF", "name"),
        ("name=a%00b", "name"),
        ("name=a%0Ab", "name"),
        ("name=a%09b", "name"),
        ("name=a%7Fb", "name"),
        ("name=a&note=a%00", "note"),
        ("name=a&note=a%1Bb", "note"),
        ("name=a%C2%85b", "name"),
        ("name=a&note=a%1Cb", "note"),
        ("name=a&note=%ED%A0%80", "note"),
        ("name=a&secret=1&secret=2", "secret"),
        ("name=a&document=1&document=2", "document"),
    ],
)
def test_what_no_page_sends_is_refused_at_its_field(text: str, field: str) -> None:
    form = sent(text)
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert form.error_of(field)


@pytest.mark.parametrize("text", ["می‌خواهم", "👩‍🚒", "e\u0301", "\u200e", "\u202eb"])
def test_letters_that_are_only_unusual_are_no_control_characters(text: str) -> None:
    assert SampleForm({"name": f"a{text}"}).is_valid()


def test_every_end_of_a_line_is_a_newline() -> None:
    form = SampleForm({"name": "a", "note": "a\rb\r\nc\vd\fe\x85f\u2028g\u2029h"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["note"] == "a\nb\nc\nd\ne\nf\ng\nh"


def test_a_control_character_is_named() -> None:
    form = SampleForm({"name": "bell\a"})
    assert form.error_of("name") == "Remove U+0007 BELL at position 5: it cannot be shown."


def test_fields_show_what_was_sent_or_else_their_initial_values() -> None:
    assert SampleForm(initial={"name": "Ada"}).values["name"] == "Ada"
    assert sent("name=a%0Ab&note=typed").values["note"] == "typed"


def test_the_summary_leads_to_the_visible_fields_only() -> None:
    form = sent("note=a%00&secret=1&secret=2")
    assert [(error.name, error.label) for error in form.error_list] == [("name", "Name"), ("note", "Note"), ("", "")]


TEMPLATE = """
{% from "parts/_form_errors.html" import error_summary, field_error %}
{{ error_summary(form, "Nothing was sent.") }}
<input {{ field_attributes(form, "name", hint="hint") }} name="name">{{ field_error(form, "name") }}
<textarea {{ field_attributes(form, "note") }}></textarea>{{ field_error(form, "note") }}"""


def rendered(form: SampleForm) -> str:
    return str(engines["jinja2"].from_string(TEMPLATE).render({"form": form}))


def test_errors_are_announced_and_described_at_their_fields() -> None:
    page = rendered(sent("note=fine"))
    assert 'role="alert"' in page
    assert "Nothing was sent." in page
    assert '<a href="#field-name">Name</a>' in page
    assert 'id="field-name" aria-describedby="hint error-name" aria-invalid="true" name="name"' in page
    assert 'id="error-name"' in page
    assert '<textarea id="field-note"></textarea>' in page
    assert "error-note" not in page


@pytest.mark.parametrize("form", [SampleForm(), SampleForm(initial={"name": "Ada"}), sent("name=Ada")])
def test_a_form_that_is_not_wrong_shows_no_errors(form: SampleForm) -> None:
    page = rendered(form)
    assert "error" not in page
    assert "alert" not in page
    assert 'id="field-name" aria-describedby="hint"' in page


def test_an_error_is_text_and_never_markup() -> None:
    form = sent("name=a")
    form.add_error("name", "<b>bold</b>")
    page = rendered(form)
    assert "&lt;b&gt;bold" in page
    assert "<b>" not in page


class ManyForm(StrictForm):
    many = ManyField(required=False)


@pytest.mark.parametrize(
    ("query", "is_valid"), [("many=a&many=b%0D%0Ac", True), ("many=a&many=%00", False), ("many=%FF", False)]
)
def test_each_value_of_a_field_that_may_come_often_is_text(query, is_valid):
    form = ManyForm(QueryDict(query))
    assert form.is_valid() == is_valid
    if is_valid:
        assert form.cleaned_data["many"] == ["a", "b\nc"]
