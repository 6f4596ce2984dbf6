"""The words and addresses of lists: facets, sorting, removing filters."""

import zlib
from typing import Any

from django import template
from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.listing.facets import Option
from accounts_ui.templatetags.wording import query
from accounts_ui.text.labels import status_word

register = template.Library()

_FACETS = {
    "status": gettext_lazy("Status"),
    "type": gettext_lazy("Type"),
    "role": gettext_lazy("Role"),
    "source": gettext_lazy("Known from"),
}
_SOURCES = {
    "catalogue": gettext_lazy("the catalogue"),
    "list": gettext_lazy("the list of people"),
    "log": gettext_lazy("this console’s log"),
}


@register.filter
def facet_word(name: str) -> str:
    """A facet, for people."""
    return str(_FACETS.get(name, name))


@register.filter
def source_word(source: str) -> str:
    """Where a type is known from, for people."""
    return str(_SOURCES.get(source, source))


@register.filter
def option_word(option: Option, facet: str) -> str:
    """A value of a facet, for people."""
    if facet == "status":
        return status_word(option.label)
    return source_word(option.label) if facet == "source" else option.label


@register.filter
def read_ago(age: float) -> str:
    """How old a list is, in the words with which the browser counts on."""
    seconds = round(age)
    if seconds < 120:
        return gettext("read {n} s ago").replace("{n}", str(seconds))
    return gettext("read {n} min ago").replace("{n}", str(seconds // 60))


@register.filter
def key(value: str) -> str:
    """A value as part of an ``id``: the element is found again after a swap, and keeps the focus."""
    return f"{zlib.crc32(value.encode(errors='replace')):08x}"


@register.filter
def is_down(sort: str, column: str) -> bool:
    """Whether ``sort`` is by ``column``, downwards."""
    return sort == f"-{column}"


@register.simple_tag(takes_context=True)
def query_with(context: Any, name: str, value: str = "") -> str:
    """The query of this address with one filter set, or removed, from its first page on."""
    return query(context, **{name: value, "page": ""})


@register.simple_tag(takes_context=True)
def query_without(context: Any, *names: str) -> str:
    """The query of this address without the filters ``names``."""
    return query(context, **dict.fromkeys([*names, "page"], ""))
