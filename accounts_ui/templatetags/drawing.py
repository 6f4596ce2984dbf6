"""Rows that stay what they are are drawn once."""

from collections.abc import Hashable
from typing import Any, Final

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

register = template.Library()

_MOST: Final = 1000  # rows; a row is some two kilobytes


class _OnceNode(template.Node):
    def __init__(self, content: NodeList, drawn: FilterExpression, on: list[FilterExpression]) -> None:
        self._content, self._drawn, self._on = content, drawn, on

    def render(self, context: Any) -> SafeString:
        """The content, as it was drawn before where nothing that it depends on is another."""
        drawn: dict[Hashable, SafeString] = self._drawn.resolve(context)
        key = (get_language(), get_current_timezone_name(), *(str(one.resolve(context)) for one in self._on))
        text = drawn.get(key)
        if text is None:
            if len(drawn) >= _MOST:
                drawn.clear()
            text = drawn[key] = self._content.render(context)
        return text


@register.tag
def once(parser: Parser, token: Token) -> _OnceNode:
    """``{% once drawn a b c %}…{% endonce %}``: the same text while language, zone and ``a``, ``b``, ``c`` are."""
    _, drawn, *on = token.split_contents()
    content = parser.parse(("endonce",))
    parser.delete_first_token()
    return _OnceNode(content, parser.compile_filter(drawn), [parser.compile_filter(one) for one in on])
