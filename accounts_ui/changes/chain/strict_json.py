"""The one reader of JSON that somebody else may have written: exports, checkpoints, evidence packs.

Python's own reader takes more than JSON, and several texts for one value. Then two programs can read two things in the
same signed file. ``evidence/verify.py`` has the same functions, letter for letter, because it stands alone.
"""

import json
import re
from typing import Any, Final

INTEGER: Final = re.compile(r"-?[1-9][0-9]{0,15}|0")
"""A whole number in its one form. All that ``2 ** 53`` allows have at most 16 digits."""


def read_json(text: str) -> Any:
    """Return the value of a JSON document.

    Raises:
        ValueError: it is not JSON, a name comes twice, a number is not a whole number as records hold it (``2e2``,
            ``1.0``, ``-0``, ``NaN``, or not below 2 ** 53), a character is half of a surrogate pair, or it is nested
            too deeply.

    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique_names,
            parse_int=whole_number,
            parse_float=reject_number,
            parse_constant=reject_number,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # fails for half of a surrogate pair
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a character is half of a surrogate pair") from None
    return value


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object. Raises ``ValueError`` if a name comes twice."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name comes twice in an object")
    return document


def whole_number(text: str) -> int:
    """Return the number. Raises ``ValueError`` if it has another form, or is not exact in every program."""
    if not INTEGER.fullmatch(text) or abs(int(text)) >= 2**53:
        raise ValueError(f"{text:.50} is not a whole number as the console writes them")
    return int(text)


def reject_number(text: str) -> Any:
    """Raise ``ValueError``: records hold whole numbers only."""
    raise ValueError(f"{text:.50} is not a whole number as the console writes them")
