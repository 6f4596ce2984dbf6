"""Identifiers as they stand in lists that people typed, copied or exported."""

import re
import unicodedata
from typing import Final

from console.identifiers import without_invisible

_ADDRESS: Final = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>[\s;,]*\Z")
_MAILTO: Final = "mailto:"


def clean_identifier(text: str) -> str:
    """Return an identifier as a list means it: composed, without invisible characters and blanks around it."""
    return unicodedata.normalize("NFC", without_invisible(text)).strip()


def address_of(text: str) -> str:
    """Return the e-mail address in ``Name <address>``, as mail programs copy it, or in ``mailto:address``."""
    bracketed = _ADDRESS.search(text)
    address = bracketed[1] if bracketed else text
    return address[len(_MAILTO) :] if address.lower().startswith(_MAILTO) else address
