"""Notes for the log are taken letter for letter."""

import pytest

from accounts_ui.services.errors import InvalidInput
from accounts_ui.services.validation import MAX_MESSAGE, check_message


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("می\u200cخواهم 👩\u200d🚒 \u200f❤\ufe0f", "می\u200cخواهم 👩\u200d🚒 \u200f❤\ufe0f"),
        ("one\u2028two\u2029three\vfour\r\nfive", "one\ntwo\nthree\nfour\nfive"),
        ("\ufeffsoft\u00adhyphen ", "softhyphen"),
        ("\u202eclosed\u202c\ttab", "\u202eclosed\u202c\ttab"),
        ("\ufeff\n", ""),
        ("\u00ad" * 2000 + "x", "x"),
    ],
)
def test_notes_are_taken(typed: str, taken: str) -> None:
    assert check_message(typed) == taken


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("abc \u202edef", "U+202E RIGHT-TO-LEFT OVERRIDE at position 5"),
        ("a\r\n\0", "U+0000 NULL at position 3"),
        ("\x1b[31m", "U+001B ESCAPE at position 1"),
        ("x" * (MAX_MESSAGE + 1), "1001 characters"),
    ],
)
def test_notes_that_are_refused(typed: str, named: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_message(typed)
    assert named in str(caught.value.detail)
