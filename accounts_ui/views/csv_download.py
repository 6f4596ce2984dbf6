"""Downloads of CSV that a spreadsheet opens on a double click: with a byte-order mark, and the separator it expects.

Where a comma stands in decimal numbers, spreadsheets expect semicolons between cells. So the language of the page
decides, and each page has a link to the other variant. Scripts name the ``separator``.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.formats import get_format

from accounts_ui.views import query_params

SEPARATORS: Final = {"comma": ",", "semicolon": ";"}
_BYTE_ORDER_MARK: Final = "\ufeff"  # without it, Excel takes UTF-8 for the encoding of the reader's country


def preferred_separator() -> str:
    """Return the name of the separator that spreadsheets expect in the language of the page."""
    return "semicolon" if get_format("DECIMAL_SEPARATOR") == "," else "comma"


def other_separator() -> str:
    """Return the name of the other separator."""
    return next(name for name in SEPARATORS if name != preferred_separator())


def read_separator(request: HttpRequest) -> str:
    """Return the separator that the address names, or else the one that the language prefers.

    Raises:
        InvalidInput: there is no such separator.

    """
    text = query_params.read_query(request, ("separator",))["separator"]
    return SEPARATORS[query_params.choice(text, "separator", SEPARATORS, default=preferred_separator())]


def csv_download(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    """Return the lines as a file."""
    content: Iterator[str] = chain([_BYTE_ORDER_MARK], lines)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type="text/csv; charset=utf-8", headers=disposition)
