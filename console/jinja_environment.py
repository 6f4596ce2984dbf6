"""The Jinja2 environment that renders every page.

Autoescape is always on, a name that no view passed raises an error, and whatever a template prints is localized.
"""

import datetime
import zlib
from functools import lru_cache
from typing import Any

from django.template.defaultfilters import linebreaksbr
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.formats import localize, number_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext
from jinja2 import BaseLoader, Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from console.forms import field_attributes
from console.local_times import local_text
from console.static_files import integrity


def environment(*, loader: BaseLoader, auto_reload: bool, **_django_defaults: Any) -> Environment:
    """Return the environment, with the helpers of the site. Django's defaults are laxer than ours, and left out."""
    made = Environment(
        loader=loader,
        auto_reload=auto_reload,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=localized,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    # Messages are called as ``gettext(message, name=value)``. Jinja2's own callables would print values as they are.
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.globals.update(
        _=_gettext,
        gettext=_gettext,
        ngettext=_ngettext,
        pgettext=_pgettext,
        npgettext=_npgettext,
        aria_sort=aria_sort,
        field_attributes=field_attributes,
        module_preload=module_preload,
        next_sort=next_sort,
        script=script,
        static=static,
        stylesheet=stylesheet,
        url=url,
    )
    made.filters.update(
        avatar_colour=avatar_colour,
        element_key=element_key,
        grouped=grouped,
        initials=initials,
        line_breaks=linebreaksbr,
    )
    return made


def localized(value: Any) -> Any:
    """Return what a template prints in the reader's language and time zone; ``None`` prints nothing.

    Jinja2 calls it for every expression (``finalize``). Text is returned as it is, and escaped afterwards.
    """
    if isinstance(value, str):  # the most frequent case by far
        return value
    if value is None:
        return ""
    if type(value) is int:  # the same in every language; ``grouped`` separates the thousands
        return str(value)
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        return local_text(value)
    return localize(value)


# --- Messages: Jinja2's i18n extension calls these ------------------------------------------------------------------


def _filled(message: str, values: dict[str, Any]) -> Markup:
    """Return the message with its values, which are localized and escaped; messages come from our catalogues only."""
    return Markup(message % {name: escape(localized(value)) for name, value in values.items()})  # noqa: S704


def _gettext(message: str, /, **values: Any) -> Markup:
    return _filled(gettext(message), values) if values else _label(get_language(), message)


@lru_cache(maxsize=10_000)  # every text of the pages in every language: a table repeats the same few in each row
def _label(_language: str | None, message: str) -> Markup:
    return _filled(gettext(message), {})


def _ngettext(singular: str, plural: str, number: int, /, **values: Any) -> Markup:
    return _filled(ngettext(singular, plural, number), {"num": number, **values})


def _pgettext(context: str, message: str, /, **values: Any) -> Markup:
    return _filled(pgettext(context, message), {"context": context, **values})


def _npgettext(context: str, singular: str, plural: str, number: int, /, **values: Any) -> Markup:
    return _filled(npgettext(context, singular, plural, number), {"context": context, "num": number, **values})


# --- Addresses ------------------------------------------------------------------------------------------------------


def url(name: str, /, *args: Any, query: dict[str, Any] | None = None) -> str:
    """Return the address of the view ``name``, with ``query`` as its query string."""
    address = _address(get_script_prefix(), name, *args)
    return f"{address}?{urlencode(query)}" if query else address


@lru_cache(maxsize=10_000)  # some thousand rows with a few addresses each; reversing takes most of a row's time
def _address(_script_prefix: str, name: str, /, *args: Any) -> str:
    return reverse(name, args=args)


def next_sort(current: str, column: str) -> str:
    """Return what a click on a column's heading sorts by."""
    return f"-{column}" if current == column else column


def aria_sort(current: str, column: str) -> str:
    """Return the ``aria-sort`` of a column's heading."""
    if current.removeprefix("-") != column:
        return "none"
    return "descending" if current.startswith("-") else "ascending"


# --- Static files ---------------------------------------------------------------------------------------------------


def _nonce(context: Context) -> str:
    return str(getattr(context.get("request"), "csp_nonce", ""))


@pass_context
def module_preload(context: Context, name: str) -> SafeString:
    """Return the tag that loads a module which scripts import: with its hash, which ``import`` cannot name."""
    return format_html(
        '<link rel="modulepreload" href="{}" integrity="{}" nonce="{}">', static(name), integrity(name), _nonce(context)
    )


@pass_context
def script(context: Context, name: str, *, module: bool = True) -> SafeString:
    """Return the tag of one of our scripts, deferred, with its hash and with the nonce without which none runs."""
    kind = "type=module" if module else "defer"
    return format_html(
        '<script src="{}" integrity="{}" nonce="{}" {}></script>', static(name), integrity(name), _nonce(context), kind
    )


def stylesheet(name: str) -> SafeString:
    """Return the tag of one of our style sheets, with its hash."""
    return format_html('<link rel="stylesheet" href="{}" integrity="{}">', static(name), integrity(name))


# --- Filters --------------------------------------------------------------------------------------------------------


def grouped(number: int) -> str:
    """Return a number with its thousands separated, as the reader writes it."""
    if -1000 < number < 1000:  # most numbers of a page: nothing to separate
        return str(number)
    return number_format(number, force_grouping=True)


def initials(name: str) -> str:
    """Return one or two letters for an avatar; a dot if the name has none."""
    letters = [word[0] for word in name.split() if word[0].isalpha()]
    return "".join(letters[:1] + letters[1:][-1:]) or "·"


def avatar_colour(key: str | None) -> int:
    """Return one of the six colours of avatars, the same each time for the same person."""
    return zlib.crc32((key or "").encode(errors="replace")) % 6


def element_key(value: str) -> str:
    """Return a value as part of an ``id``, so that an element keeps the focus when htmx swaps it."""
    return f"{zlib.crc32(value.encode(errors='replace')):08x}"
