"""Every page is rendered in one environment: escaped, strict about names, and in the reader's language and time zone."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import engines
from django.utils import timezone
from django.utils.translation import gettext_lazy, override
from jinja2 import Environment, UndefinedError

from accounts_ui.views.lists import columns
from console.jinja_environment import aria_sort, element_key, initials, localized, next_sort

TEMPLATES = Path(settings.BASE_DIR, "templates")
NOON = datetime.datetime(2026, 3, 9, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def env() -> Environment:
    environment: Environment = engines.all()[0].env  # type: ignore[attr-defined]
    return environment


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("en", "UTC", "9 Mar 2026, 12:00"),
        ("de", "UTC", "09.03.2026, 12:00"),
        ("fr", "UTC", "09/03/2026 12:00"),
        ("en", "Asia/Tokyo", "9 Mar 2026, 21:00"),
        ("de", "Asia/Tokyo", "09.03.2026, 21:00"),
        ("fr", "Asia/Tokyo", "09/03/2026 21:00"),
    ],
)
def test_times_are_printed_for_the_reader(env: Environment, language: str, zone: str, shown: str) -> None:
    with override(language), timezone.override(zone):
        assert env.from_string("{{ at }}").render(at=NOON) == shown
        assert env.from_string("{% trans at=at %}until {{ at }}{% endtrans %}").render(at=NOON).endswith(shown)


@pytest.mark.parametrize(
    ("language", "day", "number", "large"),
    [
        ("en", "9 Mar 2026", "1.5", "12,345"),
        ("de", "09.03.2026", "1,5", "12.345"),
        ("fr", "09/03/2026", "1,5", "12\u202f345"),
    ],
)
def test_days_and_numbers_are_printed_for_the_reader(
    env: Environment, language: str, day: str, number: str, large: str
) -> None:
    with override(language):
        assert env.from_string("{{ day }}").render(day=NOON.date()) == day
        assert env.from_string("{{ number }}").render(number=1.5) == number
        assert env.from_string("{{ number|grouped }}").render(number=12345) == large
        assert env.from_string("{{ number }}").render(number=12345) == "12345", "for attributes and ids"


def test_a_moment_of_tokyo_is_on_its_own_day() -> None:
    with override("en"), timezone.override("Asia/Tokyo"):
        assert localized(NOON.replace(hour=23)) == "10 Mar 2026, 08:00"


@pytest.mark.parametrize(("value", "shown"), [(None, ""), ("", ""), ("<b>", "<b>"), (True, "True")])
def test_other_values_are_printed_as_they_are(value: Any, shown: str) -> None:
    assert localized(value) == shown


@pytest.mark.parametrize(
    "source",
    [
        "{{ text }}",
        '<a title="{{ text }}">',
        "{{ _('Found') }} {{ text }}",
        "{% trans text=text %}by {{ text }}{% endtrans %}",
        "{% trans number=2, text=text %}{{ text }}{% pluralize number %}all {{ text }}{% endtrans %}",
        '{{ pgettext("button", "Search") ~ text }}',
        "{% set part %}{{ text }}{% endset %}{{ part }}",
        "{% macro show(text) %}{{ text }}{% endmacro %}{{ show(text) }}",
        "{{ text|line_breaks }}",
        "{{ [text, text]|join(', ') }}",
        "{{ text|truncate(30, True, '…', 0) }}",
        "{{ {text: text}|items|first|first }}",
        "{{ lazy }}",
        "{{ text if text else '' }}",
    ],
)
def test_whatever_is_printed_is_escaped(env: Environment, source: str) -> None:
    attack = "\"'><script>alert(1)</script>"
    page = env.from_string(source).render(text=attack, lazy=gettext_lazy(attack))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\"'>" not in page


@pytest.mark.parametrize(
    "source", ["{{ missing }}", "{% if missing %}{% endif %}", "{{ {'a': 1}.b }}", "{{ [].first }}"]
)
def test_an_unknown_name_is_an_error(env: Environment, source: str) -> None:
    with pytest.raises(UndefinedError):
        env.from_string(source).render()


def test_templates_are_compiled_and_none_turns_escaping_off(env: Environment) -> None:
    paths = sorted(TEMPLATES.rglob("*.html"))
    assert len(paths) > 60
    for path in paths:
        source = path.read_text()
        env.get_template(str(path.relative_to(TEMPLATES)))
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", source), path
        assert max(map(len, source.splitlines())) <= 120, path


def test_each_column_of_the_accounts_has_a_cell(env: Environment) -> None:
    cells = env.get_template("accounts/_cells.html").module
    assert all(callable(getattr(cells, name, None)) for name in columns.COLUMNS)


def test_the_second_engine_has_no_template_of_ours() -> None:
    ours, libraries = engines.all()
    assert ours.template_dirs == (TEMPLATES,)
    assert TEMPLATES not in libraries.template_dirs


def test_sorting_by_a_heading() -> None:
    assert [next_sort("name", "name"), next_sort("-name", "name"), next_sort("code", "name")] == [
        "-name",
        "name",
        "name",
    ]
    assert [aria_sort(sort, "name") for sort in ("name", "-name", "code")] == ["ascending", "descending", "none"]


def test_initials_and_keys() -> None:
    assert [initials(name) for name in ("Ada Admin", "Émile de la Tour", "李雷", "42", "")] == [
        "AA",
        "ÉT",
        "李",
        "·",
        "·",
    ]
    assert element_key("gold") == element_key("gold") != element_key("silver")
    assert re.fullmatch(r"[0-9a-f]{8}", element_key("\udcff"))
