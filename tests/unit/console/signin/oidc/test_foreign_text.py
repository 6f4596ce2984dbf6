"""What a provider said is told as one safe line."""

from typing import Any

import pytest

from console.redaction import forget_secrets, note_secrets
from console.signin.oidc.foreign_text import describe_error, foreign_text

TOKEN = "secret-token-0123456789-abcdefgh"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("invalid_scope", "invalid_scope"),
        (
            "AADSTS70011: The scope 'x' is not valid.\r\nTrace ID: 1",
            "AADSTS70011: The scope 'x' is not valid. Trace ID: 1",
        ),
        ("a\x00b\u202ec\u2028d\x1b[31m", "a b c d [31m"),
        (None, ""),
        (7, ""),
        (["x"], ""),
        ("  ", ""),
        ("\ud800", ""),
    ],
)
def test_lines(value: Any, line: str) -> None:
    assert foreign_text(value) == line


def test_a_long_text_is_cut() -> None:
    assert len(foreign_text("x" * 1_000_000)) == 300
    assert foreign_text("x" * 1_000_000).endswith("…")


def test_secrets_are_taken_out() -> None:
    note_secrets(TOKEN)
    try:
        said = describe_error("invalid_token", f"Token {TOKEN} and Bearer abcdefgh.ijkl, eyJhbGciOiJub25lIn0.e30.x")
    finally:
        forget_secrets()
    assert TOKEN not in said
    assert "abcdefgh.ijkl" not in said
    assert "eyJhbGciOiJub25lIn0" not in said


def test_errors_known_and_unknown() -> None:
    assert describe_error("access_denied") == "You or the provider declined (access_denied)."
    assert describe_error("invalid_scope", "x is unknown").endswith("It says: “x is unknown”")
    assert describe_error("interaction.required!", "") == "It answered with the error interaction.required!."
    assert describe_error("") == describe_error(None) == "It answered with an error without a name."
    assert "<b>" in describe_error("<b>", "<i>"), "pages escape it"
    assert describe_error("x", "y").parts, "it can be translated"
