"""Who did what and when, in working days before today."""

import datetime
from dataclasses import dataclass
from typing import Final, Literal

Doing = Literal["assign", "change_status", "delete", "undo", "decide", "bulk", "outside"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody did.

    ``person`` is a name within the story: the player chooses somebody who fits when it first occurs. Of a person who
    is new to the story, ``status`` is the account's status at that time; an empty one means that the person has no
    account of any type. With a ``fault`` the directory answers this status and these words.
    """

    days: int
    time: str
    admin: str
    doing: Doing
    person: str = ""
    code: str = ""
    status: str = ""
    to: str = ""
    note: str = ""
    organization: str = "acme"
    fault: tuple[int, str] | None = None


NO_REGISTRY: Final = (500, "The registry did not answer in time.")
NO_PERMISSION: Final = (403, "Missing permission: accounts.assign.visitor")

STORY: Final = (
    Step(17, "09:12", "ada", "assign", "first", "worker", note="Starts on Monday, ticket 4102"),
    Step(17, "09:20", "ada", "assign", "second", "worker", note="Starts on Monday, ticket 4102"),
    Step(17, "14:03", "ben", "change_status", "parent", "worker", "active", "disabled", "Parental leave"),
    Step(16, "10:41", "ben", "assign", "namesake", "partner", note="Joins project Alster"),
    Step(16, "10:44", "ben", "undo", "namesake", note="Wrong person of the same name"),
    Step(16, "10:46", "ben", "assign", "partner", "partner", note="Joins project Alster"),
    Step(15, "11:30", "ada", "delete", "guest", "visitor", "active", note="The visit is over"),
    Step(15, "11:42", "ada", "delete", "member", "gold", "active", note="Left the programme"),
    Step(14, "08:55", "gil", "assign", "globex-first", "worker", note="New in Lyon", organization="globex"),
    Step(14, "15:02", "ada", "change_status", "signed", "contractor", "pending", "active", "Contract signed"),
    Step(13, "09:05", "ben", "assign", "lost", "contractor", note="Starts today", fault=NO_REGISTRY),
    Step(13, "10:10", "ben", "decide", "lost", to="not_applied", note="Operations confirm: no account was made"),
    Step(13, "10:15", "ben", "assign", "lost", "contractor", note="Starts today, second attempt"),
    Step(12, "16:20", "gil", "change_status", "globex-leaver", "worker", "active", "disabled", organization="globex"),
    Step(11, "13:30", "ada", "bulk", code="visitor", note="Open day on Friday"),
    Step(10, "09:48", "ada", "change_status", "returner", "worker", "expired", "active", "Contract renewed"),
    Step(9, "10:02", "ben", "assign", "denied", "visitor", note="Interview at 14:00", fault=NO_PERMISSION),
    Step(9, "10:31", "ben", "assign", "denied", "visitor", note="Interview at 14:00, with new permissions"),
    Step(8, "11:11", "ada", "assign", "globex-second", "partner", note="Auditor of the books", organization="globex"),
    Step(6, "08:40", "ben", "change_status", "parent", "worker", "disabled", "active", "Back from parental leave"),
    Step(5, "15:55", "ada", "delete", "partner", "partner", "active", note="Project Alster has ended"),
    Step(4, "09:30", "ada", "change_status", "paused", "worker", "active", "disabled", "Badge reported lost"),
    Step(3, "14:26", "ben", "assign", "second", "contractor", note="Extra shift at the weekend"),
    Step(2, "16:47", "ada", "assign", "unclear", "worker", note="Starts on Monday, ticket 4377", fault=NO_REGISTRY),
    Step(1, "09:15", "ben", "change_status", "signed", "contractor", "active", "expired", "Contract has ended"),
    Step(1, "10:20", "gil", "delete", "globex-leaver", "worker", "disabled", organization="globex"),
    Step(1, "17:05", "", "outside", "paused", "worker", to="active"),
)
"""In the order of their times. ``unclear`` stays unknown: the directory does not list the codes of a person without
an account, so no read can tell. ``outside`` happens in the directory, past the console."""

END_OF_WORK: Final = datetime.time(18, 0)
"""When the background worker of the story has its turn: it emits the day's checkpoint."""


def working_day(days: int, today: datetime.date) -> datetime.date:
    """Return the day that lies so many working days (Monday to Friday) before today."""
    day = today
    while days:
        day -= datetime.timedelta(days=1)
        days -= day.weekday() < 5
    return day


def at(day: datetime.date, time: datetime.time) -> datetime.datetime:
    """Return that time of the day, in UTC."""
    return datetime.datetime.combine(day, time, tzinfo=datetime.UTC)
