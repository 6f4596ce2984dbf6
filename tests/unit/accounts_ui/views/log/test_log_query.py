"""The address of the change log, its chips and its date presets."""

import datetime

import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts_ui.services.errors import InvalidInput
from accounts_ui.views.log.filter_labels import LABELS, date_presets, filter_chips
from accounts_ui.views.log.log_query import LogQuery

PLAN = "01234567-89ab-cdef-0123-456789abcdef"


def read(text: str) -> LogQuery:
    return LogQuery.from_request(RequestFactory().get(f"/orgs/acme/changes/?{text}"))


def test_filters_are_typed() -> None:
    query = read(f"q=+a+&action=delete&outcome=unknown&since=2026-01-31&until=2026-01-31&plan={PLAN}&page=2&group=plan")
    filters = query.filters()
    assert (filters.q, filters.action, filters.outcome, filters.plan, filters.page) == (
        "a",
        "delete",
        "unknown",
        PLAN,
        2,
    )
    assert filters.since == datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
    assert filters.until == datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC), "the whole day"
    assert query.grouping == "plan"


def test_an_empty_address_shows_everything_by_day() -> None:
    query = read("")
    assert (query.grouping, query.after, query.seen, query.filters().page) == ("day", 0, 0, 1)
    assert filter_chips(query) == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("action=drop", "action"),
        ("outcome=perhaps", "outcome"),
        ("since=2026-02-31", "since"),
        ("until=99999-01-01", "until"),
        ("plan=12", "plan"),
        ("group=week", "group"),
        ("after=-1", "after"),
        ("seen=x", "seen"),
        ("page=0", "page"),
    ],
)
def test_a_value_that_is_not_known_is_refused(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read(text)
    assert error.value.field == field


def test_each_filter_has_a_label_and_a_chip_that_removes_it() -> None:
    assert set(LABELS) == set(LogQuery.FILTER_NAMES)
    query = read(f"q=a&outcome=not_applied&since=2026-01-31&plan={PLAN}")
    chips = {chip.name: chip.value for chip in filter_chips(query)}
    assert chips == {"q": "a", "outcome": "not applied", "since": "31 Jan 2026", "plan": PLAN[:8]}
    assert query.address(since="") == f"?q=a&outcome=not_applied&plan={PLAN}"


def test_a_preset_is_chosen_if_its_days_are_those_of_the_address() -> None:
    today = timezone.localdate()
    chosen = [
        preset.label for preset in date_presets(read(f"since={today - datetime.timedelta(days=6)}")) if preset.is_chosen
    ]
    assert "7 days" in chosen
    assert not any(preset.is_chosen for preset in date_presets(read(f"since={today}&until=2020-01-01")))
