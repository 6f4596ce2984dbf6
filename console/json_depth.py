"""How deeply a JSON document is nested. Deep ones overflow the stack of whoever writes them again, as a 500."""

from typing import Any, Final

MAX_JSON_DEPTH: Final = 64  # levels of nesting; real documents have fewer than ten


def json_depth(document: Any) -> int:
    """Return the number of levels; 1 for a text or number. It uses no recursion itself."""
    deepest, pending = 0, [(document, 1)]
    while pending:
        value, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(value, dict):
            pending += [(child, depth + 1) for child in value.values()]
        elif isinstance(value, list):
            pending += [(child, depth + 1) for child in value]
    return deepest
