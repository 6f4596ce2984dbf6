"""RFC 8785 canonical JSON: one text for one value, so that it can be hashed and signed."""

import json
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

_MOST: Final = 2**53 - 1  # whole numbers beyond are not exact in every program, and have no canonical form

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)


def canonical_json(document: Mapping[str, Any] | list[Any]) -> bytes:
    """Return the canonical JSON of a document.

    Raises:
        ValueError: something in it has no canonical form.

    """
    value = document if isinstance(document, list) else dict(document)
    try:
        # Nearly all records take the encoder in C, which is several times as fast and writes the same for such values.
        return encode_plain(value) if is_plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise ValueError(f"no canonical JSON: {error}") from error


def encode_plain(value: dict[str, Any] | list[Any]) -> bytes:
    """Return the canonical JSON of a plain value. Raises ``UnicodeError`` for half of a surrogate pair."""
    return _ENCODER.encode(value).encode()


def is_plain(value: object) -> bool:
    """Return whether Python's encoder writes the value canonically: no fractions, and names of ASCII only.

    Names are sorted by UTF-16 code units in canonical JSON, by characters in Python. ASCII is sorted alike.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -_MOST <= value <= _MOST  # type: ignore[operator]
    if kind is dict:
        for name, inner in value.items():  # type: ignore[attr-defined]
            if type(name) is not str or not name.isascii():
                return False
            if type(inner) is not str and inner is not None and not is_plain(inner):  # most values need no call
                return False
        return True
    return kind is list and all(map(is_plain, value))  # type: ignore[call-overload]
