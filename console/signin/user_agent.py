"""Names for browsers, from the ``User-Agent`` header. The header is unreliable: it is shown, and decides nothing."""

from typing import Final

MAX_LENGTH: Final = 200  # characters that are stored

# The first match wins: Edge and Opera also claim to be Chrome, and Chrome also claims to be Safari.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """Return, for example, ``Firefox, Linux``; the first word of an unknown user agent; empty for an empty one."""
    names = [next((name for mark, name in marks if mark in user_agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, names)) or user_agent.split(" ")[0][:40]


def shorten_user_agent(user_agent: str) -> str:
    """Return the part of a ``User-Agent`` that is stored: its beginning, as one printable line."""
    return "".join(c for c in user_agent[:MAX_LENGTH] if c.isprintable())
