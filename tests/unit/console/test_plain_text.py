"""Text of people stays as it is, letter for letter; what is no text is found and named."""

import pytest

from console.plain_text import find_control, find_unclosed_override, has_visible, one_line, with_newlines

LETTERS = (
    "می\u200cخواهم رضایی",
    "Kim 👩\u200d🚒",
    "❤\ufe0f",
    "\u200fעברית\u200e",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "क्\u200dष",
    "葛\U000e0100城",
    "jose\u0301",
    "x\u00a0y  z\u3000",
    "soft\u00adhyphen \ufeff\u2060",
    "\u2067isolated\u2069 and \u202dforced\u202c",
)


@pytest.mark.parametrize("text", LETTERS)
def test_letters_are_kept(text: str) -> None:
    assert one_line(text, limit=100) == text.strip()
    assert find_control(text) is None
    assert find_unclosed_override(text) is None


@pytest.mark.parametrize(
    ("text", "name", "position"),
    [
        ("\0", "U+0000 NULL", 1),
        ("a\x1bb", "U+001B ESCAPE", 2),
        ("é\x7f", "U+007F", 2),
        ("👩\x80", "U+0080", 2),
        ("a\ud800", "U+D800", 2),
    ],
)
def test_controls_are_named(text: str, name: str, position: int) -> None:
    found = find_control(text)
    assert found is not None
    assert (found.name, found.position) == (name, position)


@pytest.mark.parametrize(
    ("text", "name", "position"),
    [
        ("abc \u202edef", "U+202E RIGHT-TO-LEFT OVERRIDE", 5),
        ("\u202d", "U+202D LEFT-TO-RIGHT OVERRIDE", 1),
        ("a\n\u202eb\n\u202c", "U+202E RIGHT-TO-LEFT OVERRIDE", 3),
        ("\u202eb\u202c\u202ec", "U+202E RIGHT-TO-LEFT OVERRIDE", 4),
        ("\u202e\u2067b\u202c", "U+202E RIGHT-TO-LEFT OVERRIDE", 1),
        ("\u202eb\u2069", "U+202E RIGHT-TO-LEFT OVERRIDE", 1),
    ],
)
def test_overrides_that_are_never_closed_are_named(text: str, name: str, position: int) -> None:
    found = find_unclosed_override(text)
    assert found is not None
    assert (found.name, found.position) == (name, position)


@pytest.mark.parametrize(
    "text", ["\u202ea\u202c", "\u2067\u202ea\u2069", "\u202a\u202ea\u202c\u202c", "\u202aa", "\u2067a", "a\u202c"]
)
def test_overrides_that_are_closed_are_text(text: str) -> None:
    assert find_unclosed_override(text) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\u2028c\0d\ud800e", "a b c d e"),
        ("  a\t", "a"),
        ("Bo\u202e Berg\u200f", "Bo Berg\u200f"),
        ("Bo\u2069\u202d", "Bo"),
        ("x" * 101, "x" * 99 + "…"),
    ],
)
def test_one_line_of_text_from_outside(text: str, line: str) -> None:
    assert one_line(text, limit=100) == line


def test_every_end_of_a_line() -> None:
    assert with_newlines("a\r\nb\rc\u2028d") == "a\nb\nc\nd"


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u3164", "\u2800", "\ufe0f", "\u202e", "\u0301", "\xa0", "\0"])
def test_nothing_visible(text: str) -> None:
    assert not has_visible(text)


@pytest.mark.parametrize("text", [*LETTERS, "-", "🦄"])
def test_something_visible(text: str) -> None:
    assert has_visible(text)
