"""One long folded text in place of many: a word is looked for once, not once a row."""

from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from accounts_ui.directory.listing import LineColumns
from accounts_ui.services.text import fold

_OFTEN: Final = 20_000  # hits from which on looking at each line is quicker than going from hit to hit
_BETWEEN: Final = "\x1f"  # no word has it: words end where it stands


class SearchIndex:
    """What a search looks at of each line: name, e-mail, username, subject id, and the text of a row of no shape."""

    def __init__(self, lines: LineColumns) -> None:
        texts = map(_BETWEEN.join, zip(*lines, strict=True))
        folded = [fold(text).replace("\n", _BETWEEN).encode(errors="surrogatepass") for text in texts]
        self._text = b"\n".join(folded)
        self._starts = array("I", accumulate((len(one) + 1 for one in folded), initial=0))

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self._text) + len(self._starts) * self._starts.itemsize

    def find(self, word: str) -> list[int]:
        """The lines that have ``word``, which is folded and has no white space."""
        needle = word.encode(errors="surrogatepass")
        found: list[int] = []
        line, at = 0, self._text.find(needle)
        while at >= 0 and len(found) < _OFTEN:
            line = bisect_right(self._starts, at, line) - 1
            found.append(line)
            at = self._text.find(needle, self._starts[line + 1])
        if at < 0:
            return found
        return [number for number, text in enumerate(self._text.split(b"\n")) if needle in text]
