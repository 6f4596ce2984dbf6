"""Sentences that may be recorded: stored in English with their ids, and translated when they are shown.

The change log, plans, exports and the operator's log are the same for readers of all languages: the log is hashed, and
an auditor compares one export with another. So the console's own sentences are recorded in English, and beside them
their ``parts``: for each sentence the id of its message and its parameters. Pages translate from these. What others
said, the directory's own words for example, is a part without an id and stays as it came.

In JSON, a list of parts looks like this::

    [{"id": "directory.timed_out", "parameters": {}}, "User is locked."]

A parameter is a text, a whole number, or another list of parts. A parameter named ``status`` or ``status_…`` holds the
status of an account, which has a label in each language. One named ``at`` or ``…_at`` holds a time (RFC 3339), which is
shown in the reader's format and time zone.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext

from console.local_times import local_text

_MAX_EXACT: Final = 2**53  # larger whole numbers have no exact place in JSON: RFC 8785, section 3.2.2.3

templates: Final[dict[str, str]] = {}
"""The English template of each message id."""

_status_labels: dict[str, Any] = {}


class RecordedText(str):
    """An English text that knows what it was made of, so that it can be translated later.

    ``parts`` is empty if none of it has a message id. Everything but ``format`` and ``join_texts`` loses the parts.
    """

    parts: tuple[Any, ...]

    def __new__(cls, text: str, parts: Iterable[Any] = ()) -> "RecordedText":
        """A text with the parts that it was made of."""
        self = super().__new__(cls, text)
        self.parts = tuple(parts)
        return self

    def format(self, *args: Any, **parameters: Any) -> "RecordedText":
        """Fill in the places of a template that ``recorded`` returned.

        Raises:
            TypeError: this is not a template, or a parameter has no name.

        """
        if args or len(self.parts) != 1 or not isinstance(self.parts[0], dict) or self.parts[0]["parameters"]:
            raise TypeError("only a template can be formatted, and only with named parameters")
        part = {"id": self.parts[0]["id"], "parameters": {name: _stored(value) for name, value in parameters.items()}}
        return RecordedText(str(self).format(**parameters), [part])


def recorded(message_id: str, template: str) -> RecordedText:
    """Register a sentence or phrase, with ``{named}`` places, under an id that never changes.

    Call it when a module is imported, not in a function: the process that shows a text is not the one that recorded it.

    Raises:
        ValueError: the id has another template already.

    """
    if templates.setdefault(message_id, template) != template:
        raise ValueError(f"the message id {message_id} is used twice")
    return RecordedText(template, [{"id": message_id, "parameters": {}}])


def join_texts(*texts: str) -> RecordedText:
    """Join the texts that are not empty with spaces, and keep their parts."""
    present = [text for text in texts if text]
    parts = [part for text in present for part in (getattr(text, "parts", ()) or (str(text),))]
    return RecordedText(" ".join(present), parts if any(isinstance(part, dict) for part in parts) else ())


def parts_of(text: str) -> list[Any]:
    """The parts to store beside a text; empty if none of it has a message id."""
    return list(getattr(text, "parts", ()))


def register_status_labels(labels: Mapping[str, Any]) -> None:
    """Set what parameters such as ``{status}`` are called, as lazy translations."""
    _status_labels.update(labels)


def translate(text: object) -> str:
    """The text in the reader's language; as it was recorded if it has no parts, or parts of another release."""
    parts = getattr(text, "parts", ())
    if not parts:
        return str(text)
    try:
        return _translated(parts)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return str(text)


def _translated(parts: Iterable[Any]) -> str:
    return " ".join(part if isinstance(part, str) else _sentence(part["id"], part["parameters"]) for part in parts)


def _sentence(message_id: str, parameters: Mapping[str, Any]) -> str:
    template = gettext(templates[message_id])
    return template.format(**{name: _shown(name, value) for name, value in parameters.items()})


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return _translated(value)
    if name == "status" or name.startswith("status_"):
        return _status_labels.get(value, value)
    if name == "at" or name.endswith("_at"):
        return local_text(datetime.datetime.fromisoformat(value))
    return value


def _stored(value: Any) -> Any:
    if parts := parts_of(value):
        return parts
    return value if type(value) is int and abs(value) < _MAX_EXACT else str(value)
