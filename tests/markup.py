"""Pages as tests read them: elements by CSS selector, their attributes and their text.

Built on lxml, since tests parse thousands of pages and a tree of Python objects took a third of their time.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from lxml import html
from lxml.cssselect import CSSSelector

_NO_TEXT = {"script", "style", "template"}


class Element:
    """One element of a page. Its attributes are its items: ``element["href"]``."""

    def __init__(self, node: html.HtmlElement) -> None:
        self._node = node

    def __str__(self) -> str:
        return html.tostring(self._node, encoding="unicode", with_tail=False)

    @property
    def name(self) -> str:
        return str(self._node.tag)

    def __getitem__(self, attribute: str) -> str:
        return str(self._node.attrib[attribute])

    def get(self, attribute: str, default: Any = None) -> Any:
        return self._node.get(attribute, default)

    def has_attr(self, attribute: str) -> bool:
        return attribute in self._node.attrib

    def select(self, selector: str) -> list["Element"]:
        """Those in it that match; of a page also its root."""
        nodes = _compiled(selector)(self._node)
        return [Element(node) for node in nodes if node is not self._node or node.getparent() is None]

    def select_one(self, selector: str) -> "Element | None":
        return next(iter(self.select(selector)), None)

    def link(self, text: str) -> "Element":
        """The link with exactly this text."""
        [link] = [link for link in self.select("a") if link.get_text().strip() == text]
        return link

    def remove(self, selector: str) -> None:
        for element in self.select(selector):
            element._node.drop_tree()  # leaves the text behind it

    def strings(self) -> Iterator[str]:
        """The texts in it, in order, without comments and code."""
        yield from _strings(self._node)

    def get_text(self, separator: str = "", *, strip: bool = False) -> str:
        texts = [text.strip() for text in self.strings() if text.strip()] if strip else self.strings()
        return separator.join(texts)


def parse(text: str) -> Element:
    """The document or the fragment of one; an empty text is a document without anything in it."""
    return Element(html.document_fromstring(text if text.strip() else "<html></html>"))


@cache
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def _strings(node: html.HtmlElement) -> Iterator[str]:
    if node.tag in _NO_TEXT or not isinstance(node.tag, str):
        return
    if node.text:
        yield node.text
    for child in node:
        yield from _strings(child)
        if child.tail:
            yield child.tail
