"""What a form may say. Everything is checked before anything is read, written or sent."""

import unicodedata
import uuid

from accounts_ui.directory.ids import InvalidId, check_id
from accounts_ui.directory.statuses import STATUSES
from accounts_ui.services.errors import InvalidInput
from console.recorded_text import recorded

MAX_MESSAGE = 1000  # characters

_NO_UUID = recorded("input.no_operation_id", "The form's operation_id is not a UUID. Open the form again.")
_NO_CHANGE = recorded("input.no_change_id", "This is not the id of a change.")
_NO_STATUS = recorded("input.status_invalid", "The status has to be one of: {all}.")
_LONG_STATUS = recorded("input.expected_status_too_long", "expected_status is too long. Open the form again.")
_LONG_MESSAGE = recorded("input.note_too_long", "The message has {number} characters; {most} are possible.")
_INVISIBLE = recorded(
    "input.note_invisible_character", "The message has a character that cannot be shown ({character})."
)


def check_operation_id(text: str) -> uuid.UUID:
    """The operation id, in the notation that the form was drawn with (RFC 9562)."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text.lower():
        raise InvalidInput("operation_id", _NO_UUID)
    return found


def check_change_id(text: str) -> uuid.UUID:
    """The id of a change."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("change_id", _NO_CHANGE) from None


def check_subject(text: str) -> str:
    """A subject id: 1 to 255 characters, nothing that could mean something to an address."""
    return _id(text, "subject_id")


def check_code(text: str) -> str:
    """The code of an account type."""
    return _id(text, "code")


def check_status(text: str) -> str:
    """A status that may be set."""
    if text not in STATUSES:
        raise InvalidInput("status", _NO_STATUS.format(all=", ".join(STATUSES)))
    return text


def check_expected(text: str) -> str | None:
    """The status that the form showed; ``None`` where it knew none."""
    if len(text) > 255:
        raise InvalidInput("expected_status", _LONG_STATUS)
    return text or None


def check_message(text: str) -> str:
    """A note for the log: one to some lines, nothing invisible."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_MESSAGE:
        raise InvalidInput("message", _LONG_MESSAGE.format(number=len(text), most=MAX_MESSAGE))
    for character in text:
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs", "Cf", "Zl", "Zp"):
            if character == "\u200d":  # joins emoji
                continue
            raise InvalidInput("message", _INVISIBLE.format(character=f"U+{ord(character):04X}"))
    return text


def _id(text: str, field: str) -> str:
    try:
        return check_id(text, field)
    except InvalidId as error:
        raise InvalidInput(field, error.detail) from None
