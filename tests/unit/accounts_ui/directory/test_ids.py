"""Ids that can be one segment of a path, and those that cannot."""

import pytest

from accounts_ui.directory.ids import MAX_LENGTH, InvalidId, check_id, is_id, segment


@pytest.mark.parametrize("text", ["a", "p-1", "a@b.example", "ä", "😀", "a b", "...", "x" * MAX_LENGTH, "0"])
def test_possible_ids(text: str) -> None:
    assert check_id(text, "code") == text
    assert is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a%2f",
        " a",
        "a ",
        "a\0",
        "a\n",
        "a\u202eb",
        "a\u200b",
        "\ud800",
        "\ue000",
        "\u2028",
        "x" * 256,
    ],
)
def test_impossible_ids(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(InvalidId) as error:
        check_id(text, "subject_id")
    assert str(error.value.detail).startswith("subject_id: ")
    assert len(error.value.detail) > len("subject_id: ")


def test_the_character_is_named() -> None:
    with pytest.raises(InvalidId) as error:
        check_id("ab\u200bc", "code")
    assert error.value.problem.endswith("U+200B ZERO WIDTH SPACE at position 3.")


def test_an_id_is_one_segment_of_a_path() -> None:
    assert segment("a b@ä?#&=+;") == "a%20b%40%C3%A4%3F%23%26%3D%2B%3B"
