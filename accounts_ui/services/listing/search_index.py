"""One long folded text in place of many: a word is searched once, not once in each row."""

from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from accounts_ui.directory.listing import PersonColumns
from accounts_ui.text.folding import fold

_OFTEN: Final = 20_000  # hits from which on reading each line is quicker than going from hit to hit
_BETWEEN: Final = "\x1f"  # separates the texts of a line: no word contains it


class SearchIndex:
    """What a search reads of each line: name, e-mail, username, subject id, and the text of a row of no known shape."""

    def __init__(self, lines: PersonColumns) -> None:
        texts = map(_BETWEEN.join, zip(*lines, strict=True))
        folded = [fold(text).replace("\n", _BETWEEN).encode(errors="surrogatepass") for text in texts]
        self._text = b"\n".join(folded)
        self._starts = array("I", accumulate((len(text) + 1 for text in folded), initial=0))

    @property
    def size(self) -> int:
        """Return the number of bytes that it takes."""
        return len(self._text) + len(self._starts) * self._starts.itemsize

    def find_lines(self, word: str) -> list[int]:
        """Return the lines that contain ``word``, which is folded and contains no end of a line."""
        needle = word.encode(errors="surrogatepass")
        lines: list[int] = []
        line, position = 0, self._text.find(needle)
        while position >= 0 and len(lines) < _OFTEN:
            line = bisect_right(self._starts, position, line) - 1
            lines.append(line)
            position = self._text.find(needle, self._starts[line + 1])
        if position < 0:
            return lines
        return [number for number, text in enumerate(self._text.split(b"\n")) if needle in text]

    def lines_with_beginning(self, word: str) -> set[int]:
        """Return the lines in which ``word`` begins a text, or a word after a space."""
        return {*self.find_lines(f"{_BETWEEN}{word}"), *self.find_lines(f" {word}")}

    def texts_of(self, line: int) -> list[str]:
        """Return the folded texts of a line."""
        text = self._text[self._starts[line] : self._starts[line + 1] - 1]
        return text.decode(errors="surrogatepass").split(_BETWEEN)
