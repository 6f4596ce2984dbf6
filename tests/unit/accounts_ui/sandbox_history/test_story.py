"""The story holds together: in order, on working days, and about people whom it has introduced."""

import datetime

import pytest

from accounts_ui.sandbox_history.cast import Cast, NobodyFits
from accounts_ui.sandbox_history.story import END_OF_WORK, STORY, working_day

MONDAY = datetime.date(2026, 3, 2)


@pytest.mark.parametrize(("days", "expected"), [(0, 2), (1, 27), (5, 23), (6, 20)])
def test_working_days_leave_out_weekends(days: int, expected: int) -> None:
    day = working_day(days, MONDAY)
    assert day.day == expected
    assert day.weekday() < 5


@pytest.mark.parametrize("today", [MONDAY + datetime.timedelta(days=number) for number in range(7)])
def test_the_last_day_of_the_story_is_over(today: datetime.date) -> None:
    assert working_day(min(step.days for step in STORY), today) < today


def test_steps_are_in_the_order_of_their_times() -> None:
    times = [(-step.days, datetime.time.fromisoformat(step.time)) for step in STORY]
    assert times == sorted(times)
    assert max(time for _, time in times) < END_OF_WORK
    assert len({step.days for step in STORY}) > 10


def test_what_goes_on_has_begun() -> None:
    for number, step in enumerate(STORY):
        if step.doing in ("undo", "decide", "outside"):
            assert step.person in {former.person for former in STORY[:number]}, step


def test_it_has_what_every_page_needs() -> None:
    assert {"assign", "change_status", "delete", "undo", "decide", "bulk", "outside"} == {step.doing for step in STORY}
    assert len({step.admin for step in STORY if step.admin}) > 2
    assert len({step.organization for step in STORY}) == 2


def person(number: int) -> dict[str, object]:
    return {"identity": {"id": f"s{number}", "traits": {"email": f"p{number}@acme.example"}}}


@pytest.fixture
def cast() -> Cast:
    accounts = [
        {"subject_id": "s1", "account_code": "worker", "status": "active"},
        {"subject_id": "s2", "account_code": "worker", "status": "expired"},
    ]
    return Cast([{"status": "disabled"}, *map(person, range(5))], accounts)


def test_a_part_is_played_by_somebody_who_fits(cast: Cast) -> None:
    assert cast.subject("leaver", "worker", "active") == "s1"
    assert cast.subject("new") == "s0"
    assert cast.subject("another") == "s3"


def test_a_part_stays_with_who_plays_it(cast: Cast) -> None:
    assert cast.subject("leaver", "worker", "active") == cast.subject("leaver", "worker", "disabled") == "s1"


def test_nobody_plays_two_parts(cast: Cast) -> None:
    cast.subject("leaver", "worker", "active")
    with pytest.raises(NobodyFits, match="worker active"):
        cast.subject("another leaver", "worker", "active")


def test_a_list_has_as_many_people_as_there_are(cast: Cast) -> None:
    assert cast.emails(2) == ["p0@acme.example", "p3@acme.example"]
    assert cast.emails(9) == ["p0@acme.example", "p3@acme.example", "p4@acme.example"]
