"""Labels of lists: their facets, the values of these, and how old a list is."""

from typing import Final

from django.utils.translation import gettext, gettext_lazy

from accounts_ui.services.listing.facets import Option
from accounts_ui.text.labels import status_word

_FACETS: Final = {
    "status": gettext_lazy("Status"),
    "type": gettext_lazy("Type"),
    "role": gettext_lazy("Role"),
    "source": gettext_lazy("Source"),
}
_SOURCES: Final = {
    "catalogue": gettext_lazy("the directory’s catalogue"),
    "list": gettext_lazy("the list of people"),
    "log": gettext_lazy("this console’s log"),
}


def facet_label(name: str) -> str:
    """Return the label of a facet."""
    return str(_FACETS.get(name, name))


def source_label(source: str) -> str:
    """Return where a type is known from."""
    return str(_SOURCES.get(source, source))


def option_label(option: Option, facet: str) -> str:
    """Return the label of a facet's value."""
    if facet == "status":
        return status_word(option.label)
    return source_label(option.label) if facet == "source" else option.label


def list_age(seconds: float) -> str:
    """Return how old a list is, in the words that the browser's script goes on counting with."""
    whole = round(seconds)
    if whole < 120:
        return gettext("read {n} s ago").replace("{n}", str(whole))
    return gettext("read {n} min ago").replace("{n}", str(whole // 60))
