"""Check the fields of a form, before anything is read, written or sent."""

import uuid

from accounts_ui.directory.ids import InvalidId, check_id
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.services.errors import InvalidInput
from console.plain_text import find_control, find_unclosed_override, with_newlines, without_vanishing
from console.recorded_text import recorded

MAX_MESSAGE = 1000  # characters

_NO_UUID = recorded("input.no_operation_id", "This form is not complete. Open it again.")
_NO_CHANGE = recorded("input.no_change_id", "This is not the id of a change.")
_NO_STATUS = recorded("input.status_invalid", "The status has to be one of: {all}.")
_LONG_STATUS = recorded(
    "input.expected_status_too_long", "The status that this form expects is too long. Open the form again."
)
_LONG_MESSAGE = recorded("input.note_too_long", "The note has {number} characters. At most {most} are possible.")
_CONTROL = recorded(
    "input.note_control_character",
    "Remove {character} at position {position} of the note: it cannot be shown.",
)
_OVERRIDE = recorded(
    "input.note_unclosed_override",
    "Remove {character} at position {position} of the note, or close it with U+202C POP DIRECTIONAL FORMATTING: "
    "it turns around the text after it.",
)
_EMPTY_IDS = {
    "subject_id": recorded("input.no_person", "Choose a person."),
    "code": recorded("input.no_code", "Choose an account type."),
}
_INVALID_IDS = {
    "subject_id": recorded("input.person_id_invalid", "The person’s ID is not valid. {problem}"),
    "code": recorded("input.code_invalid", "The account type’s code is not valid. {problem}"),
}


def check_operation_id(text: str) -> uuid.UUID:
    """Return the operation id, if it is written as the form wrote it (RFC 9562)."""
    try:
        operation_id = uuid.UUID(text)
    except ValueError:
        raise InvalidInput("operation_id", _NO_UUID) from None
    if str(operation_id) != text.lower():
        raise InvalidInput("operation_id", _NO_UUID)
    return operation_id


def check_change_id(text: str) -> uuid.UUID:
    """Return the id of a change."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("change_id", _NO_CHANGE) from None


def check_subject(text: str) -> str:
    """Return a subject id, if it has 1 to 255 characters and none that could change an address."""
    return _id(text, "subject_id")


def check_code(text: str) -> str:
    """Return the code of an account type, likewise."""
    return _id(text, "code")


def check_status(text: str) -> str:
    """Return a status, if it is one that can be set."""
    if text not in STATUSES:
        raise InvalidInput("status", _NO_STATUS.format(all=", ".join(STATUSES)))
    return text


def check_expected(text: str) -> str | None:
    """Return the status that the form showed; ``None`` if it knew none."""
    if len(text) > 255:
        raise InvalidInput("expected_status", _LONG_STATUS)
    return text or None


def check_message(text: str) -> str:
    """Return a note for the log, letter for letter, if it is short enough and has nothing but text."""
    text = with_newlines(text).strip()
    if control := find_control(text, allowed="\n\t"):
        raise InvalidInput("message", _CONTROL.format(character=control.name, position=control.position))
    if override := find_unclosed_override(text):
        raise InvalidInput("message", _OVERRIDE.format(character=override.name, position=override.position))
    text = without_vanishing(text).strip()
    if len(text) > MAX_MESSAGE:
        raise InvalidInput("message", _LONG_MESSAGE.format(number=len(text), most=MAX_MESSAGE))
    return text


def _id(text: str, field: str) -> str:
    if not text:
        raise InvalidInput(field, _EMPTY_IDS[field])
    try:
        return check_id(text, field)
    except InvalidId as error:
        raise InvalidInput(field, _INVALID_IDS[field].format(problem=error.problem)) from None
