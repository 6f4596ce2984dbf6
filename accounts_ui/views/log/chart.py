"""The activity chart: the positions of its bars, in the units of its drawing."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext

from accounts_ui.changes.statistics.activity import Activity, Period
from accounts_ui.changes.statistics.tallies import OUTCOMES

WIDTH: Final = 800
HEIGHT: Final = 120
_GAP: Final = 0.2  # of the room of one bar
_WIDEST: Final = 48
_LABELS: Final = 6  # at most, under the bars


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a bar that one outcome takes."""

    outcome: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One span: its pieces from the ground up, its name, and the numbers for the table."""

    label: str
    since: str
    until: str
    pieces: list[Piece]
    counts: list[int]
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing and its text: ``marks`` are the labels under it, evenly spread."""

    title: str
    description: str
    bars: list[Bar]
    marks: list[str]
    outcomes: list[str]
    most: int
    width: int = WIDTH
    height: int = HEIGHT


def draw(activity: Activity) -> Chart | None:
    """Return the chart; ``None`` if nothing matches."""
    if not activity.spans:
        return None
    most = max(span.total for span in activity.spans)
    outcomes = [outcome.value for outcome in OUTCOMES if activity.outcomes[outcome.value]]
    room = WIDTH / len(activity.spans)
    bars = [_bar(span, activity.unit, at * room, room, most, outcomes) for at, span in enumerate(activity.spans)]
    busiest = max(activity.spans, key=lambda span: span.total)
    step = -(-len(bars) // _LABELS)
    return Chart(
        title=_titles()[activity.unit],
        description=ngettext(
            "%(number)s change in all; most of them, %(most)s, in: %(when)s",
            "%(number)s changes in all; most of them, %(most)s, in: %(when)s",
            activity.total,
        )
        % {
            "number": number_format(activity.total, force_grouping=True),
            "most": number_format(busiest.total, force_grouping=True),
            "when": _name(busiest, activity.unit),
        },
        bars=bars,
        marks=[bar.label for at, bar in enumerate(bars) if at % step == min(step, len(bars)) // 2],
        outcomes=outcomes,
        most=most,
    )


def _bar(span: Period, unit: str, x: float, room: float, most: int, outcomes: list[str]) -> Bar:
    width = min(room * (1 - _GAP), _WIDEST)
    return Bar(
        label=_name(span, unit),
        since=span.start.isoformat(),
        until=span.end.isoformat(),
        pieces=list(_pieces(span, x + (room - width) / 2, width, HEIGHT / most, outcomes)),
        counts=[span.counts[outcome] for outcome in outcomes],
        total=span.total,
    )


def _pieces(span: Period, x: float, width: float, scale: float, outcomes: list[str]) -> Iterator[Piece]:
    ground = float(HEIGHT)
    for outcome in outcomes:
        if height := span.counts[outcome] * scale:
            ground -= height
            yield Piece(outcome, _number(x), _number(ground), _number(width), _number(height))


def _titles() -> dict[str, str]:
    return {
        "day": gettext("Changes by day"),
        "week": gettext("Changes by week"),
        "month": gettext("Changes by month"),
        "year": gettext("Changes by year"),
    }


def _name(span: Period, unit: str) -> str:
    if unit == "year":
        return str(span.start.year)
    if unit == "month":
        return date_format(span.start, "YEAR_MONTH_FORMAT")
    return day_name(span.start)


def day_name(day: datetime.date) -> str:
    """Return a day as the reader writes it."""
    return date_format(day, "DATE_FORMAT")


def _number(value: float) -> str:
    """Return a number with a decimal point in every language, as SVG needs it."""
    return f"{value:.2f}"
