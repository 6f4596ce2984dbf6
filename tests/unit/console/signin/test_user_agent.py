"""The names of browsers, and how much of a header is stored."""

import pytest

from console.signin.user_agent import MAX_LENGTH, browser_name, shorten_user_agent

AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox, Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 "
    "Edg/140.0": "Edge, Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML) Version/18.0 Safari/604.1": (
        "Safari, iPhone"
    ),
    "curl/8.5.0": "curl/8.5.0",
    "": "",
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_browser_is_named(agent: str) -> None:
    assert browser_name(agent) == AGENTS[agent]


def test_an_unknown_browser_is_shortened() -> None:
    assert browser_name("x" * 60) == "x" * 40


def test_what_is_stored_is_one_short_printable_line() -> None:
    assert shorten_user_agent("a\r\nb\x00c\u202ed") == "abcd"
    assert len(shorten_user_agent("x" * 1000)) == MAX_LENGTH
