"""From which browser somebody signed in, in words that they recognise. ``User-Agent`` proves and decides nothing."""

from typing import Final

LONGEST: Final = 200  # characters that are kept

# The first that occurs names it: Edge and Opera also say Chrome, and Chrome also says Safari.
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


def name_of(agent: str) -> str:
    """For example ``Firefox, Linux``; of what is not known its first word; empty where nothing was told."""
    found = [next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found)) or agent.split(" ")[0][:40]


def kept(agent: str) -> str:
    """What is kept of a ``User-Agent``: its beginning, as one printable line."""
    return "".join(c for c in agent[:LONGEST] if c.isprintable())
