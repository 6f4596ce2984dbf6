"""Text made fit for comparing: folded for searching and sorting, and times out of text."""

import datetime
import unicodedata


def fold(text: str) -> str:
    """``text`` without case and accents, for searching and sorting."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join([c for c in decomposed if c < "\u0300" or not unicodedata.combining(c)])


def as_time(text: str) -> datetime.datetime | None:
    """An RFC 3339 time; ``None`` where ``text`` is none."""
    try:
        found = datetime.datetime.fromisoformat(text)
        return found.astimezone(datetime.UTC) if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    except (ValueError, OverflowError):  # the latter: in UTC it would lie before the year 1 or after 9999
        return None
